import { uniform } from '../base/philox.js'

/**
 * The held-out rule of generated tasks: a problem belongs to the eval split where a hash of its identity falls below
 * `share`. The rule sees the identity alone, so a problem is on the same side in every run, whatever the seed, and
 * never on both. The hash: 32-bit FNV-1a over UTF-16 code units, then one Philox draw keyed by it.
 */
export function isHeldOut(identity: string, share: number): boolean {
  let hash = 0x811c9dc5
  for (let i = 0; i < identity.length; i++) hash = Math.imul(hash ^ identity.charCodeAt(i), 0x01000193)
  return uniform(0, hash, identity.length) < share
}
