/** A prediction and what was measured, from the ledger of a run. */
import { mean } from '../../base/sample.js'
import { type Agreement, summarizeLedger } from '../../train/control-summary.js'
import type { Measure, RunRecord } from './types.js'

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
      const [predicted, measured] = ([0, 1] as const).map((side) => mean(pairs.map((pair) => pair[side])))
      return pairs.map(([x, y]): Pair => [x - predicted, y - measured])
    })
  }

/** Both are of the whole step: its first order exactly, and as if every token moved its own logits by a unit step. */
export type LedgerPrediction = 'exact' | 'logit'

/** A prediction of every step on the ledger with what was measured. */
export const predictedPairs =
  (of: LedgerPrediction) =>
  ({ ledger }: RunRecord): Pair[] =>
    ledger.map((line): Pair => [line[`ledger_pred_dH_${of}`], line.ledger_measured_dH])

const words: Record<LedgerPrediction, string> = { exact: 'exact', logit: 'logit-level' }

/** A number of the summary that a run gives of its own ledger, less `chance`. */
const agreementOf = (name: string, of: LedgerPrediction, key: keyof Agreement, chance = 0): Measure => ({
  name: `${name} the ${words[of]} prediction${chance === 0 ? '' : `, less ${chance}`}`,
  of({ steps }) {
    const value = summarizeLedger(steps)?.[of][key]
    return value === undefined || value === null ? undefined : value - chance
  },
})

/** How well a prediction goes with the measured change; a coin has the right sign in half of the steps. */
export const agreements = (of: LedgerPrediction): Measure[] => [
  agreementOf('correlation of measured dH with', of, 'correlation'),
  agreementOf('share of steps with the sign of', of, 'sign_agreement', 0.5),
  agreementOf('slope of measured dH on', of, 'slope'),
]
