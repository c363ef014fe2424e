/**
 * The ledger's line of one optimizer step: what its entropy was predicted to do, at the level of the logits and exactly
 * to first order, what it did, and which tokens the exact prediction came from. All in nats, on the step's own tokens.
 */
import type { LedgerReading } from './backend.js'
import type { LedgerLine } from './events.js'
import type { StepReport } from './step-report.js'

/** One entry per token, in the batch's order. */
export interface LedgerTokens {
  advantage: ArrayLike<number>
  S: ArrayLike<number>
  expectedS: ArrayLike<number>
  isPolicyToken: ArrayLike<number>
  /** 1 = gradient flowed. */
  mask: ArrayLike<number>
  /** d objective / d log p, aggregation weight included, the entropy mask not. */
  slope: ArrayLike<number>
  /** d objective / dH: the entropy bonus's coefficient with its weight. */
  bonus: ArrayLike<number>
  /** Derivatives of log p and H along D grad H; absent where the backend has none. */
  along?: { logprob: ArrayLike<number>; entropy: ArrayLike<number> }
}

/** Classes of tokens by the signs of the advantage and of the centred score. */
export const ledgerClasses = [
  'positive_above',
  'positive_below',
  'negative_above',
  'negative_below',
  'no_advantage',
] as const
export type LedgerClass = (typeof ledgerClasses)[number]

/** A > 0 or < 0, Sc >= 0 (above) or < 0 (below); without an advantage only a KL term pushes. */
export function ledgerClass(advantage: number, centredS: number): LedgerClass {
  if (advantage === 0) return 'no_advantage'
  return `${advantage > 0 ? 'positive' : 'negative'}_${centredS >= 0 ? 'above' : 'below'}`
}

/**
 * The metrics of a ledger step. The rows of `ledger_pred_dH_exact` sum to it:
 *   ledger_kept_CLASS over the classes + ledger_bonus + ledger_momentum + ledger_decay + ledger_remainder
 * with ledger_masked_CLASS beside them: what the masked tokens of the class would have added. Rows that do not apply are
 * absent; without the tokens' derivatives the batch's gradient is one row, ledger_gradient.
 *
 * @param logit Predicted dH by the logits, per unit step (predict.ts).
 */
export function ledgerMetrics(reading: LedgerReading, logit: number, tokens: LedgerTokens): Record<string, number> {
  const { exact, momentum, decay, gradient, entropyBefore, entropyAfter } = reading
  const metrics: Record<string, number> = {
    ledger_pred_dH_logit: logit,
    ledger_pred_dH_exact: exact,
    ledger_measured_dH: entropyAfter - entropyBefore,
  }
  const rows = tokens.along ? tokenRows(tokens, tokens.along) : { ledger_gradient: gradient }
  const taken: Record<string, number> = { ...rows, ledger_momentum: momentum }
  if (decay !== 0) taken.ledger_decay = decay
  let sum = 0
  for (const [name, value] of Object.entries(taken)) if (!name.startsWith('ledger_masked_')) sum += value
  return { ...metrics, ...taken, ledger_remainder: exact - sum }
}

function tokenRows(
  { advantage, S, expectedS, isPolicyToken, mask, slope, bonus }: LedgerTokens,
  along: NonNullable<LedgerTokens['along']>,
): Record<string, number> {
  const rows: Record<string, number> = {}
  const add = (name: string, value: number) => {
    rows[name] = (rows[name] ?? 0) + value
  }
  for (let t = 0; t < isPolicyToken.length; t++) {
    if (!isPolicyToken[t]) continue
    if (bonus[t] !== 0) add('ledger_bonus', bonus[t] * along.entropy[t])
    const kind = ledgerClass(advantage[t], S[t] - expectedS[t])
    if (kind === 'no_advantage' && slope[t] === 0) continue
    add(`ledger_${mask[t] ? 'kept' : 'masked'}_${kind}`, slope[t] * along.logprob[t])
  }
  return rows
}

/** The lines of the optimizer steps on one batch of rollouts, those that the ledger measured. */
export function ledgerLines(step: number, reports: readonly StepReport[]): LedgerLine[] {
  return reports.flatMap(({ policyTokens, covASc, covARSc, ratioMax, ledger }, update) =>
    Object.keys(ledger).length === 0
      ? []
      : [
          {
            step,
            update,
            policy_tokens: policyTokens,
            cov_A_Sc: covASc,
            cov_A_rSc: covARSc,
            ratio_max: ratioMax,
            ...ledger,
          },
        ],
  )
}
