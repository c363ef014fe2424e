/** `generate`: completions of prompts or chats, with their log-probabilities and entropies. */
import { UserError } from '../base/errors.js'
import { checkVariables, type TemplateVariables, unusedVariables } from '../model/template/variables.js'
import type { ChatMessage, OpenModel, Tokenizer } from '../model/types.js'
import { type EngineOptions, openModelThread, stopTokensOf } from './model-thread.js'
import { requirePositions } from './positions.js'
import type { ExactSampler } from './sampler-kind.js'
import type { SampleEvent } from './service.js'
import type { Completion, RolloutStatistics, SamplingOptions } from './types.js'
import { openServed } from './vllm/sampler.js'

/** A prompt, or a chat so far; `signal` ends the completions of this prompt early. */
export type GenerateInput = ({ prompt: string } | { messages: ChatMessage[] }) & { signal?: AbortSignal }

export interface GenerateLine {
  prompt: string
  completion: string
  tokens: number[]
  logprobs: number[]
  entropy: number[]
  finish: 'stop' | 'length'
  /** S* and E[S*] of each token, nats; with `scores`. */
  scores?: { S: number[]; expectedS: number[] }
}

export interface GenerateOptions extends EngineOptions {
  chat?: boolean
  system?: string
  /** Variables of the chat template. */
  template?: TemplateVariables
  /** What does not stop the command but should be known. */
  onWarning?: (message: string) => void
  samples?: number
  seed?: number
  /** Absent: {@link defaultMaxNewTokens}, or what the prompt leaves of the model's positions. */
  maxNewTokens?: number
  temperature?: number
  topP?: number
  topK?: number
  minP?: number
  stop?: string[]
  /** Give each line the scores of its tokens. */
  scores?: boolean
  /** Rows at once at most; with 1, a prompt is answered before the next is asked for. */
  batchSize?: number
  onToken?: (promptIndex: number, sample: number, textDelta: string) => void
  /** vLLM servers that hold the model and draw the completions, which come to `onToken` whole. This machine scores them. */
  samplerUrls?: readonly string[]
}

/** Longest completion where none is asked for, in tokens. */
export const defaultMaxNewTokens = 256

interface Pending {
  text: string
  tokens: number[]
  maxNewTokens: number
  index: number
  signal?: AbortSignal
}

/** Yields, in the prompts' order, `samples` lines for each. */
export async function* generate(
  reference: string,
  prompts: AsyncIterable<GenerateInput> | Iterable<GenerateInput>,
  options: GenerateOptions = {},
): AsyncGenerator<GenerateLine> {
  checkVariables(options.template ?? {})
  const { model, thread } = await openModelThread(reference, new URL('./worker.js', import.meta.url).href, options)
  const { samples = 1, batchSize = 32, stop = [] } = options
  const unused = unusedVariables(model.tokenizer, options.template)
  if (unused !== undefined) options.onWarning?.(unused)
  const sampling = (): SamplingOptions => ({
    samplesPerPrompt: samples,
    maxNewTokens: options.maxNewTokens ?? defaultMaxNewTokens,
    temperature: options.temperature ?? 1,
    topP: options.topP ?? 1,
    topK: options.topK ?? 0,
    minP: options.minP ?? 0,
    stopTokens: stopTokensOf(model),
    stopStrings: stop,
    seed: options.seed ?? 0,
    step: 0,
    batchSize,
  })

  const promptsOf = (pending: Pending[]) =>
    pending.map(({ tokens, index, maxNewTokens }) => ({ key: index, tokens, maxNewTokens }))
  async function drawn(pending: Pending[], onEvent: (event: SampleEvent) => void): Promise<Completion[]> {
    const call = { prompts: promptsOf(pending), options: sampling(), stream: options.onToken !== undefined }
    type Answer = { completions: Completion[]; statistics: RolloutStatistics }
    return (await thread.call<Answer>('sample', call, onEvent)).completions
  }
  let served: (ExactSampler & { close(): Promise<void> }) | undefined
  async function fromServers(urls: readonly string[], pending: Pending[]): Promise<Completion[]> {
    served ??= await openServed(urls, {
      model,
      reference,
      score: (groups, given) => thread.call('score', { groups, ...given }),
    })
    const { completions } = await served.sample(promptsOf(pending), sampling())
    for (const { prompt, sample, tokens } of completions) {
      options.onToken?.(pending[prompt].index, sample, completionText(model.tokenizer, tokens, stop))
    }
    return completions
  }

  async function* answer(pending: Pending[]): AsyncGenerator<GenerateLine> {
    const streams = new Map<string, TextStream>()
    const onEvent = (event: SampleEvent) => {
      if (event.kind !== 'token') return
      const key = `${event.prompt} ${event.sample}`
      const stream = streams.get(key) ?? new TextStream(model.tokenizer)
      streams.set(key, stream)
      const delta = stream.push(event.token)
      if (delta) options.onToken?.(pending[event.prompt].index, event.sample, delta)
    }
    const cancel = () => thread.cancel()
    for (const { signal } of pending) signal?.addEventListener('abort', cancel)
    try {
      const completions = options.samplerUrls?.length
        ? await fromServers(options.samplerUrls, pending)
        : await drawn(pending, onEvent)
      for (const { prompt, tokens, logprob, entropy, finish, S, expectedS } of completions) {
        yield {
          prompt: pending[prompt].text,
          completion: completionText(model.tokenizer, tokens, stop),
          tokens: Array.from(tokens),
          logprobs: Array.from(logprob),
          entropy: Array.from(entropy),
          finish,
          ...(options.scores ? { scores: { S: Array.from(S), expectedS: Array.from(expectedS) } } : {}),
        }
      }
    } finally {
      for (const { signal } of pending) signal?.removeEventListener('abort', cancel)
    }
  }

  // Enough prompts at a time to keep the batch full while completions of different lengths end.
  const window = batchSize === 1 ? 1 : Math.max(1, Math.ceil((4 * batchSize) / samples))
  try {
    let pending: Pending[] = []
    let index = 0
    for await (const input of prompts) {
      const { text, tokens } = promptTokens(model, input, options)
      const maxNewTokens = roomFor(model, tokens, index + 1, options.maxNewTokens)
      pending.push({ text, tokens, maxNewTokens, index: index++, signal: input.signal })
      if (pending.length >= window) {
        yield* answer(pending)
        pending = []
      }
    }
    if (pending.length > 0) yield* answer(pending)
  } finally {
    await served?.close()
    await thread.close()
  }
}

function promptTokens({ tokenizer }: OpenModel, input: GenerateInput, options: GenerateOptions) {
  const { chat, system, template: variables } = options
  const isChat = 'messages' in input || chat
  if (!isChat && system) {
    throw new UserError('a system prompt needs a chat', { hint: 'add --chat' })
  }
  if (!isChat) {
    const text = (input as { prompt: string }).prompt
    return { text, tokens: tokenizer.encode(text) }
  }
  const messages = 'messages' in input ? input.messages : [{ role: 'user', content: input.prompt }]
  const all = system ? [{ role: 'system', content: system }, ...messages] : messages
  const rendered = tokenizer.renderChat(all, { addGenerationPrompt: true, variables })
  const text = 'prompt' in input ? input.prompt : rendered
  return { text, tokens: tokenizer.encode(rendered, { special: false }) }
}

/** Tokens that a prompt's completions may have. `number`: the prompt's place in the input, from 1. */
function roomFor(
  { config }: OpenModel,
  { length }: number[],
  number: number,
  maxNewTokens: number | undefined,
): number {
  requirePositions(config, { prompt: `prompt ${number}`, length, maxNewTokens })
  return maxNewTokens ?? Math.min(defaultMaxNewTokens, config.maxPositionEmbeddings - length)
}

/** The completion's text without special tokens, cut before the first stop string. */
export function completionText(tokenizer: Tokenizer, tokens: ArrayLike<number>, stop: readonly string[] = []): string {
  const text = tokenizer.decode(tokens, { skipSpecial: true })
  const cuts = stop.map((string) => text.indexOf(string)).filter((at) => at >= 0)
  return cuts.length > 0 ? text.slice(0, Math.min(...cuts)) : text
}

/** Text of a growing list of tokens; characters whose bytes are not complete yet are held back. */
class TextStream {
  readonly #tokenizer: Tokenizer
  readonly #tokens: number[] = []
  #shown = 0

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer
  }

  push(token: number): string {
    this.#tokens.push(token)
    const text = this.#tokenizer.decode(this.#tokens, { skipSpecial: true })
    if (text.endsWith('\ufffd')) return ''
    const delta = text.slice(this.#shown)
    this.#shown = text.length
    return delta
  }
}
