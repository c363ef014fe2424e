/**
 * Masks by class, for experiments on cause: whole classes of updates are left out, whatever the size of their scores.
 * A token's update moves entropy by -A Sc (Theorem 3.3), so the signs of A and Sc make four classes:
 *
 *                          Sc > 0, likely     Sc < 0, unlikely
 *   A > 0, rewarded        lowers             raises
 *   A < 0, punished        raises             lowers
 *
 * `mask-lowering` and `mask-raising` leave out one direction; `only-...` trains on one class alone. Not methods to train
 * with: they are what the paper's causal experiments need (arXiv 2602.03392, section on masking). Each has its own file.
 */
import type { ClipTokens } from '../clip.js'
import { type EntropyMethod, entropyMethod } from './method.js'

/** Whether a token of these signs trains. Tokens with A = 0 have no gradient to lose and are not asked about. */
type Keeps = (advantage: number, centredS: number) => boolean

export interface ClassMask {
  /** 1 = gradient flows; 0 at masked tokens and at every non-policy token. */
  mask: Uint8Array
  /** Masked tokens with Sc < 0. */
  maskedLow: number
  /** Masked tokens with Sc >= 0. */
  maskedHigh: number
}

/**
 * The mask of a class over the batch, by the signs of A and of Sc = S* - E[S].
 * @throws {RangeError} for arrays of different lengths, or a value of a policy token that is not a number.
 */
export function classMask(keep: Keeps, { S, expectedS, advantage, isPolicyToken }: ClipTokens): ClassMask {
  for (const [key, values] of Object.entries({ S, expectedS, advantage })) {
    if (values.length !== isPolicyToken.length) {
      throw new RangeError(`${key} has ${values.length} entries, isPolicyToken ${isPolicyToken.length}`)
    }
  }
  const mask = Uint8Array.from(isPolicyToken, (flag) => (flag ? 1 : 0))
  let maskedLow = 0
  let maskedHigh = 0
  for (let t = 0; t < mask.length; t++) {
    if (!mask[t]) continue
    const centred = S[t] - expectedS[t]
    if (!Number.isFinite(centred) || !Number.isFinite(advantage[t])) {
      throw new RangeError(`token ${t}: the score ${centred} and the advantage ${advantage[t]} must be finite`)
    }
    if (advantage[t] === 0 || keep(advantage[t], centred)) continue
    mask[t] = 0
    if (centred < 0) maskedLow++
    else maskedHigh++
  }
  return { mask, maskedLow, maskedHigh }
}

/** A method that trains on the tokens that `keeps` names, or on those with A = 0, which have no gradient. */
export const classMaskMethod = <const Name extends string>({
  keeps,
  ...method
}: { name: Name; summary: string; keeps: Keeps } & Required<Pick<EntropyMethod, 'experiment'>>) =>
  entropyMethod({
    ...method,
    source: '[2602.03392](https://arxiv.org/abs/2602.03392)',
    needs: { statistics: ['advantage', 'S', 'expectedS'], moments: 'exact' },
    masks: 'score',
    effect: (tokens) => classMask(keeps, tokens),
  })
