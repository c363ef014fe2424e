/** What the ledger says of a run: per optimizer step the covariances, and the change of entropy on its own tokens. */
import type { RunRecord } from './types.js'

/** One optimizer step on the ledger. */
export interface LedgerLine {
  step: number
  /** Optimizer steps made on the same batch before. */
  update: number
  cov_A_Sc: number
  cov_A_rSc: number
  /** Entropy of the same tokens after the step less before it, nats. */
  measured: number
}

type Pair = readonly [number, number]

/** -Cov(A, Sc) or -Cov(A, r Sc) of each step on the ledger with what was measured; `from`: only later updates on a batch. */
export const pairsWith =
  (key: 'cov_A_Sc' | 'cov_A_rSc', from = 0) =>
  ({ ledger }: RunRecord): Pair[] =>
    ledger.filter(({ update }) => update >= from).map((line): Pair => [-line[key], line.measured])
