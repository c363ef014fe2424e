/** What an update asks of its backend: a backend that cannot do everything refuses with this what it has not declared. */
import { UserError } from '../base/errors.js'
import type { TrainCompletion, TrainGroup, UpdateOptions } from './backend.js'
import { type BackendCapabilities, type UpdateTerm, updateTerms } from './capabilities.js'

/** Every term of {@link updateTerms} that these groups and options have, but `skip` and `critic`, which are not told from an update. */
export function askedTerms(groups: readonly TrainGroup[], options: UpdateOptions): UpdateTerm[] {
  const { objective, temperature, ledger } = options
  const { surrogate = 'clip', clipLow, clipHigh, dualClip, importanceCap, klCoef, entropyCoef } = objective
  const some = (has: (completion: TrainCompletion) => boolean) =>
    groups.some(({ completions }) => completions.some(has))
  const asked: Partial<Record<UpdateTerm, boolean>> = {
    clip: surrogate === 'clip' && (Number.isFinite(clipLow) || Number.isFinite(clipHigh)),
    dualClip: dualClip !== undefined,
    surrogate: surrogate !== 'clip',
    sequenceRatio: some(({ ratio }) => ratio !== undefined),
    mask: some(({ gradMask, weight }) => gradMask.some((flag, t) => flag === 0 && weight[t] !== 0)),
    rolloutKl: some(({ rolloutKlCoef }) => rolloutKlCoef?.some((coef) => coef !== 0) === true),
    entropyBonus: entropyCoef !== 0,
    importanceCap: Number.isFinite(importanceCap),
    kl: klCoef > 0,
    temperature: temperature !== 1,
    ledger: ledger === true,
  }
  return (Object.keys(asked) as UpdateTerm[]).filter((term) => asked[term])
}

/** @throws UserError that names what the update asks for and the backend has not declared */
export function requireDeclared(
  { terms }: Pick<BackendCapabilities, 'terms'>,
  groups: readonly TrainGroup[],
  options: UpdateOptions,
): void {
  const missing = askedTerms(groups, options).filter((term) => !terms.includes(term))
  if (missing.length === 0) return
  throw new UserError(`this backend cannot compute ${missing.map((term) => updateTerms[term]).join(', or ')}`)
}
