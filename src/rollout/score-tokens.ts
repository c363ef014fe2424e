/** `scoreTokens`: what the entropy methods take of given prompts with their completions. */
import { UserError } from '../base/errors.js'
import { type ScoreInput, type ScoreOptions, scoreEach } from './score.js'
import { joinTokens, type TokenBatch, type TokenSpan } from './token-batch.js'
import { statisticNames, type TokenStatistics } from './types.js'

export type TokensInput = ScoreInput & {
  /** Of ids: how many of the first ones are the prompt. Default: 1, since nothing predicts the first token. */
  promptLength?: number
  /** A of the completion's tokens, all alike or one by one. Default: 0. */
  advantage?: number | ArrayLike<number>
}

/** One entry per token of every input, prompts included: `starts[i] + promptLengths[i]` is the completion's first. */
export interface ScoredTokens extends TokenBatch {
  tokens: Int32Array
  promptLengths: number[]
}

/**
 * Scores prompts with completions under softmax(z / T), all as one batch for `clipB`, `clipV`, and `predictStep`. Tokens of
 * prompts are not the policy's. Text is tokenized as in `score`.
 * @throws UserError as `score` does, and for a prompt that is empty or leaves no completion.
 */
export async function scoreTokens(
  model: string,
  inputs: AsyncIterable<TokensInput> | Iterable<TokensInput>,
  options: ScoreOptions = {},
): Promise<ScoredTokens> {
  const all: { tokens: number[]; promptLength: number; span: TokenSpan }[] = []
  for await (const { input, tokens, promptLength: known, statistics } of scoreEach(model, inputs, options)) {
    const promptLength = known ?? input.promptLength ?? 1
    if (!Number.isSafeInteger(promptLength) || promptLength < 1 || promptLength >= tokens.length) {
      throw new UserError(
        `input ${all.length + 1} has ${tokens.length} tokens, of which ${promptLength} are the prompt`,
        { hint: 'a completion of one token or more follows a prompt of one token or more' },
      )
    }
    const span = { statistics: from(statistics!, promptLength - 1), promptLength, advantage: input.advantage }
    all.push({ tokens, promptLength, span })
  }
  return {
    ...joinTokens(all.map(({ span }) => span)),
    tokens: Int32Array.from(all.flatMap(({ tokens }) => tokens)),
    promptLengths: all.map(({ promptLength }) => promptLength),
  }
}

function from(statistics: TokenStatistics, first: number): TokenStatistics {
  const entries = statisticNames.map((name) => [name, statistics[name].subarray(first)])
  return Object.fromEntries(entries) as unknown as TokenStatistics
}
