/** A completion as a request, and the answer to it. */
import { uniform } from '../../base/philox.js'
import type { SamplePrompt, SamplingOptions } from '../types.js'
import { type Ask, RequestProblem } from './http.js'
import { completionReply, type DrawnTokens, parsed } from './replies.js'

/** Keys the seeds that servers get. */
const seedStream = 0x766c6c6d

/** One draw's seed: 53 bits from (seed, step, prompt key, sample). */
export function drawSeed({ seed, step }: Pick<SamplingOptions, 'seed' | 'step'>, key: number, sample: number): number {
  return Math.floor(uniform(seed, (step ^ seedStream) >>> 0, key, sample) * 2 ** 53)
}

/** Bytes of an answer: far more than a token and its log-probability take as JSON, and the prompt's ids. */
const answerLimit = (prompt: number, tokens: number) => 2 ** 20 + 64 * prompt + 1024 * tokens

export interface Draw {
  prompt: SamplePrompt
  sample: number
}

export const mostTokens = ({ maxNewTokens }: SamplePrompt, options: SamplingOptions): number =>
  Math.min(maxNewTokens ?? options.maxNewTokens, options.maxNewTokens)

/** `model`: the name under which the server has the policy. */
export function completionRequest({ prompt, sample }: Draw, options: SamplingOptions, model: string) {
  return {
    model,
    prompt: Array.from(prompt.tokens),
    max_tokens: mostTokens(prompt, options),
    seed: drawSeed(options, prompt.key, sample),
    // What is left out comes from the model's generation_config.json: a temperature of its own, say.
    temperature: options.temperature,
    top_p: options.topP,
    top_k: options.topK,
    min_p: options.minP,
    repetition_penalty: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    // The end tokens are the trainer's, not those that the server knows.
    ignore_eos: true,
    stop_token_ids: options.stopTokens,
    stop: options.stopStrings,
    include_stop_str_in_output: true,
    skip_special_tokens: false,
    add_special_tokens: false,
    logprobs: 0,
    return_token_ids: true,
    return_tokens_as_token_ids: true,
  }
}

export function completionAsk(
  draw: Draw,
  options: SamplingOptions,
  model: string,
): Pick<Ask, 'path' | 'body' | 'limit'> {
  return {
    path: 'v1/completions',
    body: completionRequest(draw, options, model),
    limit: answerLimit(draw.prompt.tokens.length, mostTokens(draw.prompt, options)),
  }
}

/**
 * @throws RequestProblem for an answer that is no completion of this request. A completion that the server broke off counts as
 * lost, not as drawn.
 */
export function completionOf(text: string, { prompt }: Draw, options: SamplingOptions, server: string): DrawnTokens {
  const choice = parsed(completionReply, text)?.choices[0]
  if (choice === undefined) {
    throw new RequestProblem('garbled', `${server} answers a completion with something else: ${text.slice(0, 80)}`)
  }
  const { token_ids: tokens, finish_reason: reason } = choice
  const logprob = choice.logprobs.token_logprobs
  const most = mostTokens(prompt, options)
  const garbled = (what: string) => new RequestProblem('garbled', `${server} answers with ${what}`)
  if (reason === 'abort') throw new RequestProblem('failing', `${server} broke a completion off (finish_reason abort)`)
  if (reason !== 'stop' && reason !== 'length')
    throw garbled(`the finish_reason ${JSON.stringify(reason.slice(0, 40))}`)
  if (tokens.length === 0 || tokens.length > most)
    throw garbled(`${tokens.length} tokens where 1 to ${most} were asked for`)
  if (logprob.length !== tokens.length) {
    throw garbled(`${tokens.length} tokens and ${logprob.length} log-probabilities`)
  }
  // The one way to be cut short of max_tokens is the server's own longest sequence, which is checked before.
  if (reason === 'length' && tokens.length < most)
    throw garbled(`a completion cut at ${tokens.length} of ${most} tokens`)
  return { tokens, logprob, finish: reason }
}
