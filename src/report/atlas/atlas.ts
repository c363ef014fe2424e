/**
 * The atlas: recorded batches through every method. See measure.ts for what is measured, methods.ts for the methods,
 * statements.ts for the verdicts.
 */
import { UserError } from '../../base/errors.js'
import type { Recipe } from '../../recipe/schema.js'
import type { EngineOptions } from '../../rollout/model-thread.js'
import { batchOf } from './batch.js'
import { type AtlasBatch, measureMethod } from './measure.js'
import { atlasMethods, plainName, unclippedName } from './methods.js'
import { rescore } from './rescore.js'
import { readSource, type StepRange } from './source.js'
import { type Statement, statements } from './statements.js'

export interface AtlasOptions extends EngineOptions {
  /** Steps of a run; default its last one. */
  steps?: StepRange
  /** A later checkpoint's model (or any policy) to take ratios and moments from; default the rollouts' own, r = 1. */
  model?: string
  /** T of the rollouts, for `model`; default the recipe's. */
  temperature?: number
  /** Width of clip-b and clip-v in sigmas where the run's recipe names none; default 2. */
  mu?: number
  /** Load the modules that the run names, where `model` needs its task. */
  trust?: boolean
  onProgress?: (done: number, total: number) => void
}

/** Shares of the update mass of a class that are left: 1 = all of it; undefined where the class has none. */
export interface ClassShares {
  raising?: number
  lowering?: number
}

export interface AtlasRow {
  method: string
  /** Share of the tokens with A not 0 that keep a gradient. */
  tokensKept: number
  /** A > 0 and A < 0 apart. */
  positive: ClassShares
  negative: ClassShares
  /** Predicted dH of a step, bonus included; the mean over the steps, nats per unit step. */
  predictedDH: number
  /** The bonus's part of it; undefined where sum S^2 is not recorded. */
  bonusDH?: number
  /** predictedDH less that of plain GRPO. */
  againstGrpo: number
}

export interface Atlas {
  source: string
  steps: number[]
  /** The policy that ratios and moments are of; absent: the one that sampled. */
  model?: string
  tokens: number
  /** Tokens with A not 0. */
  trainableTokens: number
  /** Mean H, nats. */
  entropy: number
  ratio: { min: number; max: number; meanAbsLog: number }
  /** Whole update mass per step of each class, nats per unit step. */
  mass: { positive: { raising: number; lowering: number }; negative: { raising: number; lowering: number } }
  rows: AtlasRow[]
  statements: Statement[]
}

/**
 * Puts the recorded rollouts of a run (or of one file) through every method.
 * @throws {UserError} for paths without rollouts, steps that are missing, or prompts that cannot be rebuilt for `model`.
 */
export async function methodAtlas(path: string, options: AtlasOptions = {}): Promise<Atlas> {
  const { steps: range, model, temperature: given, mu = 2, trust, onProgress, ...engine } = options
  const source = await readSource(path, range)
  const { recipe, steps } = source
  const temperature = given ?? recipe?.rollout.temperature
  if (model !== undefined && temperature === undefined) {
    throw new UserError(`${path}: no config.yaml says at which temperature it was sampled`, {
      hint: 'give it by --temperature',
    })
  }
  const scored =
    model === undefined
      ? undefined
      : await rescore(source, { ...engine, model, temperature: temperature!, trust, onProgress })
  const batches = steps
    .map(({ step, rows }, s) => batchOf(step, rows, recipe, scored?.[s]))
    .filter(({ isPolicyToken }) => isPolicyToken.includes(1))
  if (batches.length === 0) {
    throw new UserError(`${path}: no token is the policy's, every completion was truncated and left out`)
  }
  return { source: path, model, ...measure(batches, recipe, mu) }
}

function measure(batches: AtlasBatch[], recipe: Recipe | undefined, mu: number): Omit<Atlas, 'source' | 'model'> {
  const seed = recipe?.seed ?? 0
  const methods = atlasMethods(recipe, { mu })
  const measured = methods.map((method) => ({ name: method.name, sums: measureMethod(batches, method, seed) }))
  const find = (name: string) => measured.find((one) => one.name === name)!.sums
  const whole = find(unclippedName)
  const plain = find(plainName)
  const count = batches.length
  const share = (part: number, all: number) => (all === 0 ? undefined : part / all)
  const perStep = (sums: { raising: number; lowering: number }) => ({
    raising: sums.raising / count,
    lowering: sums.lowering / count,
  })
  const ofTokens = (count: (batch: AtlasBatch, t: number) => number) =>
    batches.reduce(
      (sum, batch) => batch.isPolicyToken.reduce((own, flag, t) => (flag ? own + count(batch, t) : own), sum),
      0,
    )
  const tokens = ofTokens(() => 1)
  return {
    steps: batches.map(({ step }) => step),
    tokens,
    trainableTokens: ofTokens(({ advantage }, t) => (advantage[t] === 0 ? 0 : 1)),
    entropy: ofTokens(({ entropy }, t) => entropy[t]) / tokens,
    ratio: ratioOf(batches),
    mass: { positive: perStep(whole.positive), negative: perStep(whole.negative) },
    rows: measured.map(({ name, sums }) => ({
      method: name,
      tokensKept: sums.keptTokens / whole.keptTokens,
      positive: {
        raising: share(sums.positive.raising, whole.positive.raising),
        lowering: share(sums.positive.lowering, whole.positive.lowering),
      },
      negative: {
        raising: share(sums.negative.raising, whole.negative.raising),
        lowering: share(sums.negative.lowering, whole.negative.lowering),
      },
      predictedDH: (sums.dH + (sums.bonus ?? 0)) / count,
      bonusDH: sums.bonus === undefined ? undefined : sums.bonus / count,
      againstGrpo: (sums.dH + (sums.bonus ?? 0) - plain.dH) / count,
    })),
    statements: statements(batches, methods.find(({ name }) => name === plainName)!, seed),
  }
}

function ratioOf(batches: readonly AtlasBatch[]): Atlas['ratio'] {
  let min = Number.POSITIVE_INFINITY
  let max = 0
  let sum = 0
  let count = 0
  for (const { isPolicyToken, logprob, rolloutLogprob } of batches) {
    isPolicyToken.forEach((flag, t) => {
      if (!flag) return
      const moved = logprob[t] - rolloutLogprob[t]
      min = Math.min(min, Math.exp(moved))
      max = Math.max(max, Math.exp(moved))
      sum += Math.abs(moved)
      count++
    })
  }
  return { min, max, meanAbsLog: sum / count }
}
