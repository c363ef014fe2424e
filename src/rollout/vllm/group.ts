/** vLLM servers that draw completions of one policy together. */
import { UserError } from '../../base/errors.js'
import type { Fetch } from '../../fetch/http.js'
import { networkFetch } from '../../fetch/network.js'
import type { TextModel } from '../../model/types.js'
import { requireKnownTokens } from '../positions.js'
import type { SampleFunction } from '../sampler-kind.js'
import type { SampledCompletion, SamplePrompt, SamplingOptions } from '../types.js'
import { completionAsk, completionOf, type Draw, mostTokens } from './completions.js'
import { type Caller, RequestProblem } from './http.js'
import { Pool } from './pool.js'
import { type Held, type Policy, type ReadyServer, VllmServer } from './server.js'

export interface VllmSetting {
  /** Stands in for the network. */
  fetch?: Fetch
  env?: NodeJS.ProcessEnv
  /** Milliseconds of the first pause after a failure. */
  pause?: number
}

export interface GroupOptions {
  urls: readonly string[]
  model: TextModel
  /** Seconds, as the recipe's `sampler` has them. */
  timeout: number
  patience: number
  signal?: AbortSignal
}

export class ServerGroup {
  readonly #options: GroupOptions
  readonly #caller: Caller
  readonly #servers: Map<string, VllmServer>
  readonly #pool: Pool<ReadyServer>
  readonly #unheard: string[] = []
  #policy: Policy | Held | undefined
  #say = (message: string): void => void this.#unheard.push(message)

  constructor(options: GroupOptions, { fetch, env = process.env, pause }: VllmSetting = {}) {
    const { patience, signal } = options
    const urls = [...new Set(options.urls)]
    this.#options = options
    this.#caller = { fetch: fetch ?? networkFetch({ silence: 0 }), key: env.VLLM_API_KEY || undefined }
    this.#servers = new Map(urls.map((url) => [url, new VllmServer(url, this.#caller, signal)]))
    this.#pool = new Pool<ReadyServer>({
      urls,
      patience,
      signal,
      pause,
      say: (message) => this.#say(message),
      prepare: (url) => this.#servers.get(url)!.take(this.#policy!),
    })
  }

  /** @throws UserError where no server answers as vLLM does */
  connect(): Promise<void> {
    return requireAny([...this.#servers.values()])
  }

  /** From now on they draw from this policy. Ends once one of them does. */
  async take(policy: Policy | Held): Promise<void> {
    this.#policy = policy
    await this.#pool.refresh()
  }

  sample: SampleFunction<SampledCompletion> = async (prompts, sampling, onProgress) => {
    const { model, timeout, signal } = this.#options
    const began = performance.now()
    requireDrawable(model, prompts, sampling)
    const draws = prompts.flatMap((prompt, p) =>
      Array.from({ length: sampling.samplesPerPrompt }, (_, sample) => ({ prompt, sample, of: p })),
    )
    const completions: SampledCompletion[] = new Array(draws.length)
    const done = { tokens: 0, completions: 0 }
    const one = async (index: number, stop: AbortSignal) => {
      const draw = draws[index]!
      const { tokens, logprob, finish } = await this.#pool.run(
        (url, info) => complete(this.#servers.get(url)!, info, draw, sampling, timeout, stop),
        stop,
      )
      completions[index] = {
        prompt: draw.of,
        sample: draw.sample,
        tokens: Int32Array.from(tokens),
        logprob: Float32Array.from(logprob),
        finish,
      }
      done.tokens += tokens.length
      done.completions++
      onProgress?.({ ...done })
    }
    await eachAtOnce(draws.length, sampling.batchSize, one, signal)
    return {
      completions,
      statistics: {
        promptTokens: prompts.reduce((sum, { tokens }) => sum + tokens.length, 0),
        completionTokens: done.tokens,
        seconds: (performance.now() - began) / 1000,
      },
    }
  }

  /** The listener gets what the user should hear of, also what came up before. */
  hear(listener: (message: string) => void): void {
    this.#say = listener
    for (const message of this.#unheard.splice(0)) listener(message)
  }

  async close(): Promise<void> {
    const { ready } = this.#pool
    await this.#pool.close()
    const policy = this.#policy
    if (policy?.sync !== 'lora') return
    // The run is over: what the servers keep of it is a courtesy.
    const unloaded = ready.map((url) => new VllmServer(url, this.#caller).unload(policy.version.name).catch(() => {}))
    await Promise.all(unloaded)
  }
}

/** Seconds between the tries of the first question. */
const firstTries = [0.3, 1]

/** One is enough to begin with; the others are said to be left out when the weights go to them. */
async function requireAny(servers: readonly VllmServer[]): Promise<void> {
  const outcomes = await Promise.allSettled(servers.map((server) => firstFacts(server)))
  if (outcomes.some(({ status }) => status === 'fulfilled')) return
  const [{ reason }] = outcomes as [PromiseRejectedResult]
  if (!(reason instanceof RequestProblem)) throw reason
  const { status, message } = reason
  throw new UserError(`no vLLM server can be asked: ${message}`, {
    hint:
      status === 401 || status === 403
        ? 'set VLLM_API_KEY to the key that the server was started with'
        : 'check sampler.url, and that `vllm serve` runs there (loading a model takes it minutes)',
    cause: reason,
  })
}

async function firstFacts(server: VllmServer): Promise<void> {
  for (const seconds of [...firstTries, undefined]) {
    try {
      await server.facts()
      return
    } catch (error) {
      if (seconds === undefined || !(error instanceof RequestProblem) || error.trouble === 'refused') throw error
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    }
  }
}

async function complete(
  server: VllmServer,
  info: ReadyServer,
  draw: Draw,
  sampling: SamplingOptions,
  timeout: number,
  signal: AbortSignal,
) {
  requireMode(server.url, info, sampling)
  requireLength(server.url, info, draw, sampling)
  const answer = await server.ask({ ...completionAsk(draw, sampling, info.model), timeout, signal })
  return completionOf(answer, draw, sampling, server.url)
}

const cuts = ({ topP, topK, minP }: SamplingOptions) => topP < 1 || topK > 0 || minP > 0

/** log p must be of softmax(z / T) over the whole vocabulary: what the trainer computes too. */
function requireMode(url: string, { mode }: ReadyServer, sampling: SamplingOptions): void {
  const { temperature } = sampling
  if (mode === 'raw' && temperature !== 1) {
    throw new UserError(
      `${url} reports log-probabilities at temperature 1, and the completions are drawn at ${temperature}`,
      {
        hint: 'start it with --logprobs-mode processed_logprobs, or set rollout.temperature: 1 (and eval.temperature: 1)',
      },
    )
  }
  if (mode === 'processed' && cuts(sampling)) {
    throw new UserError(
      `${url} reports log-probabilities after top-p, top-k, and min-p, and the recipe sets one of them`,
      {
        hint: 'start it without --logprobs-mode, or switch topP, topK, and minP off',
      },
    )
  }
}

function requireLength(url: string, { maxLength }: ReadyServer, { prompt }: Draw, sampling: SamplingOptions): void {
  const length = prompt.tokens.length + mostTokens(prompt, sampling)
  if (maxLength === undefined || length <= maxLength) return
  throw new UserError(
    `${url} takes sequences of ${maxLength} tokens at most; a prompt of ${prompt.tokens.length} with ` +
      `${mostTokens(prompt, sampling)} new ones is longer`,
    { hint: `start it with --max-model-len ${length}, or lower rollout.maxNewTokens` },
  )
}

/** vLLM raises a lower temperature to this one. */
const leastTemperature = 0.01

function requireDrawable(model: TextModel, prompts: readonly SamplePrompt[], { temperature }: SamplingOptions): void {
  for (const [index, { tokens }] of prompts.entries()) {
    if (tokens.length === 0) throw new UserError(`prompt ${index + 1} has no tokens`)
    requireKnownTokens({ vocabSize: Number.POSITIVE_INFINITY, ...model.config }, `prompt ${index + 1}`, tokens)
  }
  if (temperature < leastTemperature) {
    throw new UserError(
      `vLLM samples at a temperature of ${leastTemperature} at least, and ${temperature} is asked for`,
    )
  }
}

/** Runs `work` for 0 .. count - 1, so many at once; the first failure ends the others. */
async function eachAtOnce(
  count: number,
  atOnce: number,
  work: (index: number, stop: AbortSignal) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const failed = new AbortController()
  const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
  let next = 0
  const lane = async () => {
    try {
      while (next < count && !stop.aborted) await work(next++, stop)
    } catch (error) {
      if (!failed.signal.aborted) failed.abort(error)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane))
  stop.throwIfAborted()
}
