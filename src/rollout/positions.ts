/** Whether a model has positions for a prompt and what is to follow it: asked before any work, wherever prompts come in. */
import { UserError } from '../base/errors.js'
import type { DecoderConfig } from '../model/types.js'

export interface PositionsWanted {
  /** How an error calls the prompt: `prompt 3`, `the prompt of problem 17`. */
  prompt: string
  /** Its tokens. */
  length: number
  /** New tokens asked for; undefined: as many as there is room for, one at least. */
  maxNewTokens: number | undefined
  /** The key or option that says so. */
  setting?: string
}

/** @throws UserError where a prompt has no tokens, or passes the model's positions with the longest completion */
export function requirePositions(
  { maxPositionEmbeddings: positions }: Pick<DecoderConfig, 'maxPositionEmbeddings'>,
  { prompt, length, maxNewTokens, setting = 'maxNewTokens' }: PositionsWanted,
): void {
  if (length === 0) throw new UserError(`${prompt} has no tokens`, { hint: 'give it a text, or leave it out' })
  if (length + (maxNewTokens ?? 1) <= positions) return
  const shorten = 'shorten the prompt, or leave it out'
  throw maxNewTokens === undefined
    ? new UserError(`${prompt} has ${length} tokens, which leave no room in the model's ${positions} positions`, {
        hint: shorten,
      })
    : new UserError(
        `${prompt} has ${length} tokens; with ${maxNewTokens} new ones it passes the model's ${positions} positions`,
        { hint: `lower ${setting}, ${shorten}` },
      )
}
