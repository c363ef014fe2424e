/**
 * Whether a server computes with the policy's weights: a text that both score. Rounding and precision move its log-probabilities a
 * little, another model moves them a lot.
 */
import { UserError } from '../../base/errors.js'
import type { TextModel } from '../../model/types.js'
import type { SamplerContext } from '../sampler-kind.js'
import { parsed, scoredReply } from './replies.js'

const text =
  'Water boils at 100 degrees Celsius at sea level. On a mountain it boils earlier, since the air there presses less. ' +
  'What is 12 + 7? The answer is 19.'
const mostTokens = 48

/** Mean |difference| in nats above which the weights are others. Weights in bfloat16 against float32 stay below 0.05. */
export const probeTolerance = 0.2

export interface Probe {
  tokens: number[]
  /** log p of every token but the first, by the trainer. */
  logprob: Float32Array
}

export async function trainerProbe({ model, score }: Pick<SamplerContext, 'model' | 'score'>): Promise<Probe> {
  const { vocabSize = Number.POSITIVE_INFINITY } = model.config
  const tokens = probeTokens(model).filter((id) => id >= 0 && id < vocabSize)
  const [[scores] = []] = await score(
    [{ prompt: Int32Array.from(tokens.slice(0, 1)), completions: [Int32Array.from(tokens.slice(1))] }],
    { temperature: 1, tokenBudget: mostTokens },
  )
  return { tokens, logprob: scores!.logprob }
}

function probeTokens({ tokenizer }: TextModel): number[] {
  let tokens: number[] = []
  try {
    tokens = tokenizer.encode(text)
  } catch {
    // A tokenizer of a few characters does not know the text.
  }
  return tokens.length >= 8 ? tokens.slice(0, mostTokens) : [1, 2, 3, 4, 5, 6, 7, 8]
}

/** Prompt log-probabilities never depend on the mode; those of a draw that leaves one token do: 0 where they are processed. */
export const probeRequest = ({ tokens }: Probe, model: string) => ({
  model,
  prompt: tokens,
  max_tokens: 1,
  temperature: 1,
  top_p: 1,
  top_k: 1,
  min_p: 0,
  repetition_penalty: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  seed: 0,
  ignore_eos: true,
  add_special_tokens: false,
  logprobs: 0,
  prompt_logprobs: 0,
  return_token_ids: true,
  return_tokens_as_token_ids: true,
})

/** raw: log softmax(z), whatever the temperature. processed: of the distribution that is drawn from. */
export type LogprobsMode = 'raw' | 'processed'

export interface ProbeResult {
  /** Mean |difference| of the text's log-probabilities, nats. */
  difference: number
  mode: LogprobsMode
}

/** Undefined for an answer that is no score of the probe. */
export function probeResult(answer: string, { tokens, logprob }: Probe): ProbeResult | undefined {
  const choice = parsed(scoredReply, answer)?.choices[0]
  if (choice === undefined || choice.prompt_logprobs.length !== tokens.length) return undefined
  let sum = 0
  for (let t = 1; t < tokens.length; t++) {
    const said = choice.prompt_logprobs[t]?.[String(tokens[t])]?.logprob
    if (said === undefined) return undefined
    sum += Math.abs(said - logprob[t - 1]!)
  }
  const drawn = choice.logprobs.token_logprobs[0]
  if (drawn === undefined) return undefined
  return { difference: sum / (tokens.length - 1), mode: drawn === 0 ? 'processed' : 'raw' }
}

/** @throws UserError for weights that are others than the trainer's */
export function requireSameWeights(
  { difference }: ProbeResult,
  server: string,
  served: string,
  reference: string,
): void {
  if (difference <= probeTolerance) return
  throw new UserError(
    `${server} (${served}) gives a text other log-probabilities than the policy: they differ by ${difference.toFixed(2)} nats ` +
      `a token, where precision alone explains at most ${probeTolerance}`,
    { hint: `serve this model there: vllm serve ${reference}` },
  )
}
