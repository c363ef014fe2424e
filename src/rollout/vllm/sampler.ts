/** A {@link Sampler} on vLLM servers: one request a completion, weights through a directory, importance weights. */
import { basename, dirname, join } from 'node:path'
import { UserError } from '../../base/errors.js'
import type { Fetch } from '../../fetch/http.js'
import { networkFetch } from '../../fetch/network.js'
import { truncatedImportance } from '../importance.js'
import { requireKnownTokens } from '../positions.js'
import type { PolicyWeights, Sampler, SamplerContext } from '../sampler-kind.js'
import type { SampledCompletion, SamplePrompt, SamplingOptions } from '../types.js'
import { completionAsk, completionOf, type Draw, mostTokens } from './completions.js'
import { RequestProblem } from './http.js'
import type { VllmOptions } from './kind.js'
import { Pool } from './pool.js'
import { trainerProbe } from './probe.js'
import { type Policy, type ReadyServer, type Sync, VllmServer } from './server.js'
import { WeightFiles } from './weights.js'

export interface VllmSetting {
  /** Stands in for the network. */
  fetch?: Fetch
  env?: NodeJS.ProcessEnv
  /** Milliseconds of the first pause after a failure. */
  pause?: number
}

/** @throws UserError where no server answers as vLLM does, or the recipe and `sync` do not fit */
export async function openVllmSampler(
  options: VllmOptions,
  context: SamplerContext,
  { fetch = networkFetch({ silence: 0 }), env = process.env, pause }: VllmSetting = {},
): Promise<Sampler> {
  const { signal } = context
  const sync = syncOf(options, context)
  const files = new WeightFiles(rootOf(options, context))
  const caller = { fetch, key: env.VLLM_API_KEY || undefined }
  const urls = [...new Set([options.url].flat())]
  const servers = new Map(urls.map((url) => [url, new VllmServer(url, caller, signal)]))
  const unheard: string[] = []
  let say = (message: string): void => void unheard.push(message)

  let policy: Policy | undefined
  const pool = new Pool<ReadyServer>({
    urls,
    patience: options.patience,
    signal,
    pause,
    say: (message) => say(message),
    prepare: (url) => servers.get(url)!.take(policy!),
  })
  await requireAny([...servers.values()])
  await files.keepOnly(undefined)

  return {
    async sync(weights: PolicyWeights) {
      const probe = await trainerProbe(context)
      const version = await files.write(weights)
      const { reference } = context
      policy = { sync, version, probe, reference, prefix: files.prefix, timeout: options.timeout }
      await pool.refresh()
      await files.keepOnly(version)
    },

    async sample(prompts, sampling, onProgress) {
      const began = performance.now()
      requireDrawable(context, prompts, sampling)
      const draws = prompts.flatMap((prompt, p) =>
        Array.from({ length: sampling.samplesPerPrompt }, (_, sample) => ({ prompt, sample, of: p })),
      )
      const completions: SampledCompletion[] = new Array(draws.length)
      const done = { tokens: 0, completions: 0 }
      await eachAtOnce(
        draws.length,
        sampling.batchSize,
        async (index, stop) => {
          const draw = draws[index]!
          const { tokens, logprob, finish } = await pool.run(
            (url, info) => complete(servers.get(url)!, info, draw, sampling, options.timeout, stop),
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
        },
        signal,
      )
      return {
        completions,
        statistics: {
          promptTokens: prompts.reduce((sum, { tokens }) => sum + tokens.length, 0),
          completionTokens: done.tokens,
          seconds: (performance.now() - began) / 1000,
        },
      }
    },

    correct: (completions) => truncatedImportance(completions, options.importance),

    hear(listener) {
      say = listener
      for (const message of unheard.splice(0)) listener(message)
    },

    async close() {
      const ready = pool.ready
      await pool.close()
      if (policy?.sync === 'lora') {
        const { name } = policy.version
        // The run is over: what the servers keep of it is a courtesy.
        await Promise.all(ready.map((url) => new VllmServer(url, caller).unload(name).catch(() => {})))
      }
      await files.keepOnly(undefined)
    },
  }
}

function syncOf({ sync }: VllmOptions, { adapter }: SamplerContext): Sync {
  if (sync === 'lora' && !adapter) {
    throw new UserError('sampler.sync is lora, and the recipe trains all weights', {
      hint: 'add a lora section, or set sampler.sync: reload',
    })
  }
  if (sync === 'reload' && adapter) {
    throw new UserError('sampler.sync is reload, and the recipe trains an adapter, which is no whole model', {
      hint: 'set sampler.sync: lora, or take the lora section away',
    })
  }
  return sync ?? (adapter ? 'lora' : 'reload')
}

/** In a directory that several runs may share, each has its own. */
function rootOf(options: VllmOptions, { directory }: SamplerContext): string {
  if (options.directory !== undefined) {
    return directory === undefined ? options.directory : join(options.directory, basename(dirname(directory)))
  }
  if (directory !== undefined) return directory
  throw new UserError('the sampler needs a directory for the weights', { hint: 'set sampler.directory' })
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

function requireDrawable(
  { model }: SamplerContext,
  prompts: readonly SamplePrompt[],
  { temperature }: SamplingOptions,
): void {
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
