/** Statistics of given sequences under a model: many completions that share their prompts, or whole texts. */
import type { Decoder } from '../model/decoder.js'
import { PackedBatch, type SequenceGroup } from '../model/packing.js'
import { noGrad, scope } from '../torch/index.js'
import { splitByBudget } from './micro-batches.js'
import { statisticsOfTokens } from './statistics.js'
import { statisticNames, type TokenStatistics } from './types.js'

export interface ScoreGroup {
  prompt: ArrayLike<number>
  completions: ArrayLike<number>[]
}

/** The statistics of every completion token, per group and completion. */
export function scoreCompletions(
  model: Decoder,
  groups: ScoreGroup[],
  options: { temperature: number; tokenBudget: number },
): TokenStatistics[][] {
  const results: TokenStatistics[][] = groups.map(() => [])
  for (const batch of splitByBudget(groups, options.tokenBudget)) {
    const packed = batch.map(({ group, completions }) => {
      // The last token predicts nothing; a completion of one token needs the prompt alone.
      const branches = completions.map((i) => initial(groups[group].completions[i]))
      return { group, completions, sequences: { prompt: groups[group].prompt, branches } }
    })
    noGrad(() =>
      scope(() => {
        const layout = packGroups(packed.map(({ sequences }) => sequences))
        const pack = new PackedBatch(layout.groups, model.device)
        try {
          const hidden = pack.forward(model, model.embed(pack.tokens_T))
          const rows: number[] = []
          const targets: number[] = []
          packed.forEach(({ group, completions }, g) => {
            completions.forEach((i, branch) => {
              const tokens = groups[group].completions[i]
              for (const row of layout.predictingRows(pack, g, branch, tokens.length)) rows.push(row)
              for (let t = 0; t < tokens.length; t++) targets.push(tokens[t])
            })
          })
          const all = statisticsOfTokens(model, hidden, rows, targets, options.temperature)
          let at = 0
          packed.forEach(({ group, completions }) => {
            for (const i of completions) {
              const { length } = groups[group].completions[i]
              results[group][i] = slice(all, at, at + length)
              at += length
            }
          })
        } finally {
          pack.dispose()
        }
      }),
    )
  }
  return results
}

/** Statistics of every token of a sequence but the first, which nothing predicts. */
export function scoreSequence(model: Decoder, tokens: ArrayLike<number>, temperature: number): TokenStatistics {
  return noGrad(() =>
    scope(() => {
      const sequence = Array.from(tokens)
      const pack = new PackedBatch([{ prompt: sequence.slice(0, -1), branches: [] }], model.device)
      try {
        const hidden = pack.forward(model, model.embed(pack.tokens_T))
        const rows = Array.from({ length: sequence.length - 1 }, (_, t) => t)
        return statisticsOfTokens(model, hidden, rows, sequence.slice(1), temperature)
      } finally {
        pack.dispose()
      }
    }),
  )
}

/** Groups for {@link PackedBatch}: branches without tokens are left out, but stay addressable by their number. */
export function packGroups(sequences: SequenceGroup[]): {
  groups: SequenceGroup[]
  predictingRows(pack: PackedBatch, group: number, branch: number, count: number): number[]
} {
  const places = sequences.map(({ branches }) => {
    let next = 0
    return branches.map((branch) => (branch.length > 0 ? next++ : 0))
  })
  return {
    groups: sequences.map(({ prompt, branches }) => ({ prompt, branches: branches.filter((b) => b.length > 0) })),
    predictingRows: (pack, group, branch, count) => pack.predictingRows(group, places[group][branch], count),
  }
}

const initial = (tokens: ArrayLike<number>): ArrayLike<number> => Array.prototype.slice.call(tokens, 0, -1)

function slice(statistics: TokenStatistics, from: number, to: number): TokenStatistics {
  const sliced = Object.fromEntries(statisticNames.map((name) => [name, statistics[name].slice(from, to)]))
  return { ...(sliced as unknown as TokenStatistics), top: statistics.top?.slice(from, to) }
}
