/** The lines of a run's closing words about its entropy target and its ledger. */
import type { Agreement, LedgerSummary, TargetSummary } from '../train/control-summary.js'

const percent = (share: number) => `${Math.round(100 * share)} %`

export function targetText({ target, distance, bias, short_fraction }: TargetSummary): string {
  const side = bias < 0 ? 'below' : 'above'
  const short = short_fraction > 0 ? `; masking fell short in ${percent(short_fraction)} of the updates` : ''
  return `target      ${target.toFixed(3)} nats; entropy within ${distance.toFixed(3)} (rms), ${Math.abs(bias).toFixed(3)} ${side} it on average, over the second half${short}`
}

export function ledgerText({ steps, exact, logit }: LedgerSummary): string {
  const one = ({ correlation, sign_agreement }: Agreement) =>
    `${correlation === null ? 'no correlation yet' : `correlation ${correlation.toFixed(2)}`}, sign ${percent(sign_agreement)}`
  return `ledger      ${steps} steps, prediction against measured dH: exact first order ${one(exact)}; by the logits ${one(logit)}`
}
