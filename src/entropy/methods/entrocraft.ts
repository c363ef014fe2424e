import { oneEntropyLevel } from './exclusions.js'
import { entropyMethod, optionSection } from './method.js'
import { noTarget } from './shared-checks.js'
import { type MethodTokens, openMask, requireFinite } from './types.js'

export interface EntrocraftOptions {
  /** Bounds of the band where its line starts and where it ends, nats. */
  lowFrom: number
  lowTo: number
  highFrom: number
  highTo: number
  /** The step in which the line ends; absent: the run's last. */
  steps?: number
}

/** JSON; saved with the checkpoint. */
export interface EntrocraftState {
  /** The band of this step, nats. */
  low: number
  high: number
  /** Which advantages train: H above the band, below it, or within. */
  keeps: 'positive' | 'negative' | 'all'
}

/** The band of a step, and on which side of it the rollouts' mean H lies. Has no memory. */
export function entrocraftState(
  entropy: number,
  { lowFrom, lowTo, highFrom, highTo, steps: given }: EntrocraftOptions,
  { step, steps }: { step: number; steps: number },
): EntrocraftState {
  if (!Number.isFinite(entropy)) throw new RangeError(`the batch's mean entropy is ${entropy}`)
  const progress = Math.min(1, step / (given ?? steps))
  const band = { low: lowFrom + (lowTo - lowFrom) * progress, high: highFrom + (highTo - highFrom) * progress }
  return { ...band, keeps: entropy > band.high ? 'positive' : entropy < band.low ? 'negative' : 'all' }
}

/**
 * The tokens that train: those with A > 0 while H is above the band, with A < 0 while it is below, all within it.
 * @throws {RangeError} for arrays of different lengths, or an advantage of a policy token that is not finite.
 */
export function entrocraft(
  { advantage, isPolicyToken }: Pick<MethodTokens, 'advantage' | 'isPolicyToken'>,
  keeps: EntrocraftState['keeps'],
): Uint8Array {
  requireFinite(isPolicyToken, { advantage })
  const mask = openMask(isPolicyToken)
  if (keeps === 'all') return mask
  const lost = keeps === 'positive' ? -1 : 1
  return mask.map((flag, t) => (flag && Math.sign(advantage[t]) !== lost ? 1 : 0))
}

/**
 * Entrocraft: positive samples alone lower entropy, negative ones raise it, so the batch's mean H against a band chooses which
 * train. The band moves along a line over the run: `low(step) = from + (to - from) step / steps`, and `high` alike.
 *
 * Source: arXiv 2604.26326 and its code (lblaoke/entrocraft): a band of 0.6 to 0.7 nats that falls to 0.4 to 0.5 by the last
 * step (`grpo_range_linear`); the code also has a fixed band and a cosine. Where H is outside of the band the code takes the
 * rewards themselves for A (1 for a positive sample, -1 for a negative), not those of the group; here A keeps its size, so
 * the method goes with every kind of advantage. H is that of the step's own rollouts, as in the code.
 */
export const entrocraftMethod = entropyMethod({
  name: 'entrocraft',
  summary: 'trains on A > 0 alone while the rollouts’ mean H is above a band, on A < 0 alone while it is below',
  source: '[2604.26326](https://arxiv.org/abs/2604.26326) and its code',
  options: optionSection(
    'entrocraft',
    ({ z }) => {
      const nats = z.number().min(0)
      return z
        .strictObject({
          lowFrom: nats.default(0.6).describe("The band's lower bound where its line starts, nats per token."),
          lowTo: nats.default(0.4).describe("The band's lower bound where its line ends."),
          highFrom: nats.default(0.7).describe("The band's upper bound where its line starts."),
          highTo: nats.default(0.5).describe("The band's upper bound where its line ends."),
          steps: z
            .number()
            .int()
            .min(1)
            .optional()
            .describe("The step in which the line ends. Default: the run's last (train.steps)."),
        })
        .describe('Options of entrocraft (arXiv 2604.26326).')
    },
    [
      {
        path: 'entropy.entrocraft',
        reads: ['entropy.entrocraft'],
        check: (given) =>
          given && !(given.lowFrom <= given.highFrom && given.lowTo <= given.highTo)
            ? `needs lowFrom <= highFrom and lowTo <= highTo (got ${given.lowFrom}, ${given.highFrom} and ` +
              `${given.lowTo}, ${given.highTo})`
            : undefined,
      },
    ],
  ),
  excludes: [oneEntropyLevel],
  needs: { statistics: ['advantage'], moments: 'exact' },
  masks: 'tokens',
  checks: [noTarget('entrocraft')],
  // The code's band is 0.1 nats wide.
  aim: (nats) => {
    const [low, high] = [Math.max(0, nats - 0.05), nats + 0.05]
    return { lowFrom: low, lowTo: low, highFrom: high, highTo: high }
  },
  controller: {
    key: 'entrocraft',
    state: ({ z }) => z.object({ low: z.number(), high: z.number(), keeps: z.enum(['positive', 'negative', 'all']) }),
    next: (_: EntrocraftState | undefined, entropy: number, options: EntrocraftOptions, view) =>
      entrocraftState(entropy, options, view),
    alone: (entropy, options, view) => entrocraftState(entropy, options, view),
    metrics: ({ low, high }) => ({ entropy_band_low: low, entropy_band_high: high }),
  },
  effect: (tokens, _, { state }) => ({
    mask: entrocraft(tokens, (state as EntrocraftState | undefined)?.keeps ?? 'all'),
  }),
  // Both sides, whatever the batch's entropy.
  atlas: ({ options }) =>
    (
      [
        ['above', 0],
        ['below', Number.MAX_VALUE],
      ] as const
    ).map(([side, bound]) => ({
      name: `entrocraft ${side} the band`,
      options: { ...options, lowFrom: bound, lowTo: bound, highFrom: bound, highTo: bound },
    })),
})
