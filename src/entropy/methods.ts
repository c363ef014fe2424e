/** The methods that put a mask on the gradient, under the names that configs use. */
import { type ClipResult, type ClipTokens, clipB, clipV } from './clip.js'
import type { ClipOptions } from './clip-options.js'

/** A gradient mask; a clip's statistics are absent where the method has none. */
export type MaskResult = Pick<ClipResult, 'mask' | 'maskedLow' | 'maskedHigh'> & Partial<ClipResult>

/** Turns the statistics of one optimizer step's whole batch into a mask on the gradient. */
export type EntropyMethod = (tokens: ClipTokens, options: ClipOptions) => MaskResult

export const maskMethods = {
  none: ({ isPolicyToken }) => ({
    mask: Uint8Array.from(isPolicyToken, (flag) => (flag ? 1 : 0)),
    maskedLow: 0,
    maskedHigh: 0,
  }),
  'clip-b': clipB,
  'clip-v': clipV,
} as const satisfies Record<string, EntropyMethod>

export type MaskMethodName = keyof typeof maskMethods

/** The mask of `method` on the batch; `none` lets every policy token's gradient through and looks at no statistics. */
export function maskFor(method: MaskMethodName, tokens: ClipTokens, options: ClipOptions = {}): MaskResult {
  return maskMethods[method](tokens, options)
}
