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
