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

/** @throws UserError where a tokenizer of a larger vocabulary than the model's gave an id that the model has not */
export function requireKnownTokens(
  { vocabSize }: Partial<Pick<DecoderConfig, 'vocabSize'>>,
  what: string,
  tokens: ArrayLike<number>,
): void {
  if (vocabSize === undefined) return
  const unknown = Array.prototype.find.call(tokens, (id: number) => !(id >= 0 && id < vocabSize)) as number | undefined
  if (unknown === undefined) return
  throw new UserError(`${what} has the token ${unknown}; the model has ${vocabSize}, from 0 on`, {
    hint: 'the tokenizer belongs to another model, or has tokens that the weights have no row for',
  })
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
