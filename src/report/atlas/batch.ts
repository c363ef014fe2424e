/** The rows of a rollout file as the batch of one optimizer step. */
import type { Recipe } from '../../recipe/schema.js'
import type { TokenStatistics } from '../../rollout/types.js'
import type { RolloutRow } from '../../run/store/rollout-rows.js'
import { tokenWeights } from '../../train/aggregation.js'
import type { AtlasBatch } from './measure.js'

/**
 * Files of older runs do not say how a completion ended. There a critic's silence does, and without a critic a
 * completion of the largest length that carries no gradient: under `maskTruncated` a truncated one never carries any.
 */
function isTruncated({ finish, valued, gradMask, tokens }: RolloutRow, { rollout }: Recipe): boolean {
  if (finish !== undefined) return finish === 'length'
  if (valued !== undefined) return !valued
  return tokens.length >= rollout.maxNewTokens && !gradMask.includes(true)
}

/** A step's rows as one optimizer step's batch. */
export function batchOf(
  step: number,
  rows: readonly RolloutRow[],
  recipe: Recipe | undefined,
  scored: readonly TokenStatistics[] | undefined,
): AtlasBatch {
  const counts = rows.map((row) => !(recipe?.algorithm.maskTruncated && isTruncated(row, recipe)))
  const lengths = rows.map(({ tokens }, i) => (counts[i] ? tokens.length : 0))
  const { aggregation = 'token', constantLength } = recipe?.algorithm ?? {}
  const weights = tokenWeights(lengths, aggregation, constantLength ?? recipe?.rollout.maxNewTokens ?? 1)
  const starts: number[] = []
  let at = 0
  for (const { tokens } of rows) {
    starts.push(at)
    at += tokens.length
  }
  const join = (value: (row: RolloutRow, i: number) => ArrayLike<number>) => {
    const joined = new Float64Array(at)
    rows.forEach((row, i) => {
      joined.set(value(row, i), starts[i])
    })
    return joined
  }
  const filled = (value: (i: number) => number) =>
    join(({ tokens }, i) => new Float64Array(tokens.length).fill(value(i)))
  const hasSumS2 = scored !== undefined || rows.every(({ sumS2 }) => sumS2)
  return {
    step,
    steps: recipe?.train.steps,
    starts,
    isPolicyToken: Uint8Array.from(filled((i) => (counts[i] ? 1 : 0))),
    weight: filled((i) => weights[i]),
    advantage: join(({ advantage }) => advantage),
    rolloutLogprob: join(({ logprob }) => logprob),
    rolloutEntropy: join(({ entropy }) => entropy),
    logprob: join(({ logprob }, i) => scored?.[i].logprob ?? logprob),
    entropy: join(({ entropy }, i) => scored?.[i].entropy ?? entropy),
    S: join(({ S }, i) => scored?.[i].S ?? S),
    expectedS: join(({ expectedS }, i) => scored?.[i].expectedS ?? expectedS),
    groups: [...new Set(rows.map(({ promptId }) => promptId))].map((id) => {
      const completions = [...rows.keys()].filter((i) => rows[i].promptId === id)
      return { completions, rewards: completions.map((i) => rows[i].reward) }
    }),
    advantageKind: recipe?.algorithm.advantage,
    ...(hasSumS2 ? { sumS2: join(({ sumS2 }, i) => scored?.[i].sumS2 ?? sumS2!) } : {}),
  }
}
