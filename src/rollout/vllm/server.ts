/** One vLLM server: what it is, and how it gets the weights. */
import { UserError } from '../../base/errors.js'
import { type Ask, ask, type Caller, RequestProblem, shortAnswer } from './http.js'
import {
  type LogprobsMode,
  type Probe,
  type ProbeResult,
  probeRequest,
  probeResult,
  requireSameWeights,
} from './probe.js'
import { modelsReply, parsed, versionReply } from './replies.js'
import type { Version } from './weights.js'

/** The oldest version whose protocol has been read and tested. */
const oldest = [0, 32] as const
/** Seconds for what a server says of itself. */
const quick = 30

export interface ServerFacts {
  /** The name of its base model. */
  base: string
  /** Tokens of a sequence at most; absent where it does not say. */
  maxLength?: number
  /** Names of its adapters. */
  adapters: string[]
}

/** A server that has the policy. */
export interface ReadyServer extends ServerFacts {
  /** The model to ask for. */
  model: string
  mode: LogprobsMode
}

export type Sync = 'lora' | 'reload'

/** Weights that it was started with. */
export interface Held {
  sync: 'none'
  probe: Probe
  reference: string
  timeout: number
}

export interface Policy {
  sync: Sync
  version: Version
  probe: Probe
  /** What the recipe calls the model. */
  reference: string
  /** Begins the names of the run's adapters. */
  prefix: string
  /** Seconds that a server may take to read weights. */
  timeout: number
}

export class VllmServer {
  readonly url: string
  readonly #caller: Caller
  readonly #signal: AbortSignal | undefined

  constructor(url: string, caller: Caller, signal?: AbortSignal) {
    this.url = url
    this.#caller = caller
    this.#signal = signal
  }

  ask(what: Pick<Ask, 'path' | 'body'> & Partial<Ask>): Promise<string> {
    return ask(this.#caller, this.url, { timeout: quick, limit: shortAnswer, signal: this.#signal, ...what })
  }

  /** @throws UserError for what is no vLLM server, or too old a one; RequestProblem where it does not answer */
  async facts(): Promise<ServerFacts> {
    const version = parsed(versionReply, await this.#known('version'))?.version
    const models = parsed(modelsReply, await this.#known('v1/models'))?.data
    const base = models?.find(({ parent }) => parent === null || parent === undefined)
    if (version === undefined || !models || !base) throw this.#noVllm('it answers with something else')
    requireVersion(this.url, version)
    return {
      base: base.id,
      ...(typeof base.max_model_len === 'number' ? { maxLength: base.max_model_len } : {}),
      adapters: models.filter(({ parent }) => typeof parent === 'string').map(({ id }) => id),
    }
  }

  /**
   * Gives it the policy's weights, and sees that it computes with them.
   * @throws UserError for what the server does not do as it was started; RequestProblem where it does not answer
   */
  async take(policy: Policy | Held): Promise<ReadyServer> {
    const facts = await this.facts()
    if (policy.sync === 'none') return this.#find(policy, facts)
    const model = policy.sync === 'lora' ? await this.#loadAdapter(policy, facts) : await this.#reload(policy, facts)
    const result = await this.#probe(policy, model)
    requireSameWeights(result, this.url, facts.base, policy.reference)
    return { ...facts, model, mode: result.mode }
  }

  /** The one of its models, adapters among them, that scores a text as the given one does. */
  async #find(held: Held, facts: ServerFacts): Promise<ReadyServer> {
    const found: { model: string; result: ProbeResult }[] = []
    for (const model of [facts.base, ...facts.adapters]) found.push({ model, result: await this.#probe(held, model) })
    const { model, result } = found.reduce((a, b) => (b.result.difference < a.result.difference ? b : a))
    requireSameWeights(result, this.url, model, held.reference)
    return { ...facts, model, mode: result.mode }
  }

  async #probe({ probe, timeout }: Policy | Held, model: string): Promise<ProbeResult> {
    const answer = await this.ask({
      path: 'v1/completions',
      body: probeRequest(probe, model),
      timeout,
      limit: 8 * shortAnswer,
    })
    const result = probeResult(answer, probe)
    if (result === undefined) throw new RequestProblem('garbled', `${this.url} scores a text with something else`)
    return result
  }

  async unload(adapter: string): Promise<void> {
    await this.ask({ path: 'v1/unload_lora_adapter', body: { lora_name: adapter }, timeout: quick })
  }

  async #loadAdapter({ version, prefix, timeout }: Policy, { adapters }: ServerFacts): Promise<string> {
    const { name, directory } = version
    if (!adapters.includes(name)) {
      try {
        await this.ask({ path: 'v1/load_lora_adapter', body: { lora_name: name, lora_path: directory }, timeout })
      } catch (error) {
        if (!(error instanceof RequestProblem)) throw error
        // Loaded before, by a request whose answer was lost.
        if (!/has already been loaded/.test(error.detail)) throw adapterProblem(this.url, directory, error)
      }
    }
    for (const old of adapters) {
      if (old === name || !old.startsWith(prefix)) continue
      // Somebody else may have been quicker; it costs the server some memory and no more.
      await this.unload(old).catch((error: unknown) => {
        if (!(error instanceof RequestProblem && error.trouble === 'refused')) throw error
      })
    }
    return name
  }

  async #reload({ version, timeout }: Policy, { base }: ServerFacts): Promise<string> {
    const { directory } = version
    try {
      const body = { method: 'reload_weights', kwargs: { weights_path: directory } }
      await this.ask({ path: 'collective_rpc', body, timeout })
      // Cached prefixes are of the old weights.
      await this.ask({ path: 'reset_prefix_cache?reset_running_requests=true', body: {}, timeout })
    } catch (error) {
      throw error instanceof RequestProblem ? reloadProblem(this.url, directory, error) : error
    }
    return base
  }

  async #known(path: string): Promise<string> {
    try {
      return await this.ask({ path })
    } catch (error) {
      if (!(error instanceof RequestProblem && error.trouble === 'refused')) throw error
      if (error.status === 401 || error.status === 403) throw error
      throw this.#noVllm(error.message)
    }
  }

  #noVllm(why: string): UserError {
    return new UserError(`${this.url} is not a vLLM server: ${why}`, {
      hint: 'sampler.url is the address that `vllm serve` prints, without a path: http://HOST:8000',
    })
  }
}

function requireVersion(url: string, version: string): void {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? []
  // A build from source has a version of its own.
  if (major === undefined || /dev/.test(version)) return
  const [least, then] = oldest
  if (Number(major) > least || (Number(major) === least && Number(minor) >= then)) return
  throw new UserError(`${url} runs vLLM ${version}; ${oldest.join('.')} or newer is needed`, {
    hint: `install a newer vLLM there: pip install -U "vllm>=${oldest.join('.')}"`,
  })
}

const isMissingRoute = ({ status, detail }: RequestProblem) => status === 404 && /^(not found)?$/i.test(detail)

function adapterProblem(url: string, directory: string, problem: RequestProblem): Error {
  const { detail, status } = problem
  const refuse = (message: string, hint: string) => new UserError(`${url} ${message}`, { hint, cause: problem })
  if (isMissingRoute(problem)) {
    return refuse(
      'does not load adapters while it runs',
      'start it with VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 in its environment and with --enable-lora',
    )
  }
  if (/LoRA is not enabled/i.test(detail)) return refuse('serves without adapters', 'start it with --enable-lora')
  const rank = /LoRA rank (\d+) is greater than max_lora_rank (\d+)/i.exec(detail)
  if (rank) {
    return refuse(
      `takes adapters of rank ${rank[2]} at most, and the recipe's has rank ${rank[1]}`,
      `start it with --max-lora-rank ${rank[1]}, or lower lora.rank`,
    )
  }
  if (/No adapter found/i.test(detail)) return refuse(`cannot read ${directory}: ${detail}`, unreadable)
  // vLLM answers 500 with a text where it does not like an adapter; without one it is in trouble itself.
  if (problem.trouble === 'refused' || (status === 500 && detail !== '' && !/engine/i.test(detail))) {
    return refuse(`does not take the adapter in ${directory}: ${detail}`, "look at the server's log")
  }
  return problem
}

const unreadable =
  'name a directory in sampler.directory that this machine and the server see under the same path, such as one on a network disk'

function reloadProblem(url: string, directory: string, problem: RequestProblem): Error {
  const refuse = (message: string, hint: string) => new UserError(`${url} ${message}`, { hint, cause: problem })
  if (isMissingRoute(problem)) {
    return refuse(
      'does not read other weights while it runs',
      'start it with VLLM_SERVER_DEV_MODE=1 in its environment',
    )
  }
  if (problem.trouble === 'refused' || problem.status === 500) {
    return refuse(
      `cannot take the weights in ${directory}: ${problem.detail || 'it does not say why'}`,
      `${unreadable}; then restart the server`,
    )
  }
  return problem
}
