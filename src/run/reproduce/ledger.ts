/** Pairs of a prediction and what was measured, from the ledger of a run. */
import type { RunRecord } from './types.js'

type Pair = readonly [predicted: number, measured: number]

/**
 * -Cov(A, Sc) or -Cov(A, r Sc) of each optimizer step on the ledger, with the change of entropy that was measured on the
 * step's own tokens. `from`: only steps with at least so many others before them on the same batch.
 */
export const pairsWith =
  (key: 'cov_A_Sc' | 'cov_A_rSc', from = 0) =>
  ({ ledger }: RunRecord): Pair[] =>
    ledger.filter(({ update }) => update >= from).map((line): Pair => [-line[key], line.ledger_measured_dH])

/** The same with the batch's own mean taken off both: what changes from step to step on one batch. */
export const pairsWithin =
  (key: 'cov_A_Sc' | 'cov_A_rSc', from: number) =>
  (run: RunRecord): Pair[] => {
    const steps = [...new Set(run.ledger.map(({ step }) => step))]
    return steps.flatMap((step) => {
      const ledger = run.ledger.filter((line) => line.step === step)
      const pairs = pairsWith(key, from)({ ...run, ledger })
      const mean = (side: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length
      const [predicted, measured] = [mean(0), mean(1)]
      return pairs.map(([x, y]): Pair => [x - predicted, y - measured])
    })
  }
