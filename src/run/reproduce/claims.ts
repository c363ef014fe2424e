/** The claims, in the order of the paper; what goes beyond it comes last. */
import { UserError } from '../../base/errors.js'
import { breadth } from './claims/breadth.js'
import { carriesOverFamilies, carriesOverPpo } from './claims/carries-over.js'
import { collapse } from './claims/collapse.js'
import { control } from './claims/control.js'
import { covariance } from './claims/covariance.js'
import { masking } from './claims/masking.js'
import { offPolicy } from './claims/off-policy.js'
import { performance } from './claims/performance.js'
import { rivals } from './claims/rivals.js'
import { sign } from './claims/sign.js'
import { target } from './claims/target.js'
import type { Claim, Scale } from './types.js'

export const claimsAt = (scale: Scale): readonly Claim[] => [
  offPolicy,
  sign,
  masking,
  covariance,
  control,
  performance,
  breadth,
  carriesOverPpo,
  carriesOverFamilies,
  collapse,
  target(scale),
]

/** What is tried only when it is named: many runs, and no claim of the paper. */
export const furtherClaimsAt = (scale: Scale): readonly Claim[] => [rivals(scale)]

/**
 * The claims of these names, for none all but the further ones; each once, in their own order.
 * @throws UserError for another name.
 */
export function chooseClaims(scale: Scale, names: readonly string[]): readonly Claim[] {
  const claims = [...claimsAt(scale), ...furtherClaimsAt(scale)]
  const unknown = names.find((name) => !claims.some(({ id }) => id === name))
  if (unknown !== undefined) {
    throw new UserError(`no claim is called ${unknown}`, {
      hint: `the claims are ${claims.map(({ id }) => id).join(', ')}`,
    })
  }
  return names.length === 0 ? claimsAt(scale) : claims.filter(({ id }) => names.includes(id))
}
