/**
 * A vLLM server in this process: a table of logits (test/table/) behind vLLM's HTTP. What it answers has the shape of what the real
 * one answers (recorded.test.ts), and it fails as it is told to.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { uniform } from '../../src/base/philox.js'
import { characterText } from '../character-text.js'
import { tableCharacters } from '../table/backend.js'
import { Parameters, rowOf } from '../table/policy.js'

/**
 * - lost: the work is done and the answer never comes. dropped: the connection breaks before.
 * - truncated: half of the JSON. hanging: no answer as long as the connection lasts. slow: after 300 ms.
 * - a number: this status.
 */
export type Fault = 'lost' | 'dropped' | 'truncated' | 'garbage' | 'hanging' | 'slow' | 'endless' | 'abort' | number

export interface FakeOptions {
  /** The logits of the model that it serves. */
  base: readonly number[]
  mode?: 'raw' | 'processed'
  version?: string
  maxModelLen?: number
  /** VLLM_ALLOW_RUNTIME_LORA_UPDATING. */
  updates?: boolean
  /** VLLM_SERVER_DEV_MODE. */
  developer?: boolean
  /** Error of every adapter that is loaded, by status and message. */
  refusesAdapters?: [status: number, message: string]
  key?: string
  /** What goes wrong with the n-th request (from 0) to a path. */
  fault?(path: string, count: number): Fault | undefined
  /** What goes wrong with every completion but the scored texts. */
  faultOfDraws?: Fault
}

interface CompletionBody {
  model: string
  prompt: number[]
  max_tokens: number
  seed: number
  temperature: number
  top_p: number
  top_k: number
  min_p: number
  stop_token_ids?: number[]
  stop?: string[]
  logprobs?: number
  prompt_logprobs?: number
}

/** Of any of the paths. */
interface Body extends CompletionBody {
  lora_name: string
  lora_path: string
  kwargs: { weights_path: string }
}

class Refused extends Error {
  readonly status: number
  readonly type: string
  readonly param: string | null
  constructor(status: number, message: string, type = 'BadRequestError', param: string | null = null) {
    super(message)
    this.status = status
    this.type = type
    this.param = param
  }
}

const text = characterText([...new Set(tableCharacters)].join(''))
const vocabulary = new Set(tableCharacters).size + 1

export class FakeVllm {
  readonly options: FakeOptions
  readonly counts = new Map<string, number>()
  /** Seeds of the completions that were drawn, those included whose answer was lost. */
  readonly drawn: number[] = []
  adapters = new Map<string, Parameters>()
  /** Requests under way, and the most of them at once. */
  busy = 0
  mostBusy = 0
  #weights: Parameters
  #server: Server | undefined
  #port = 0

  constructor(options: FakeOptions) {
    this.options = options
    this.#weights = new Parameters([...options.base])
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** As a process does: adapters and other weights are gone. */
  async start(): Promise<this> {
    this.adapters = new Map()
    this.#weights = new Parameters([...this.options.base])
    const server = createServer((request, response) => void this.#handle(request, response))
    this.#server = server
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
    return this
  }

  /** As a kill does: connections break. */
  async stop(): Promise<void> {
    const server = this.#server
    if (!server) return
    this.#server = undefined
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.mostBusy = Math.max(this.mostBusy, ++this.busy)
    try {
      await this.#respond(request, response)
    } finally {
      this.busy--
    }
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!.slice(1).split('?')[0]!
    const count = this.counts.get(path) ?? 0
    this.counts.set(path, count + 1)
    let sent = ''
    for await (const piece of request) sent += piece
    const draws = path === 'v1/completions' && !sent.includes('"prompt_logprobs"')
    const fault = this.options.fault?.(path, count) ?? (draws ? this.options.faultOfDraws : undefined)
    if (fault === 'dropped') return void request.socket.destroy()
    if (fault === 'hanging') return
    if (fault === 'slow') await sleep(300)
    if (typeof fault === 'number') {
      response.writeHead(fault, { 'content-type': 'application/json' })
      return void response.end(JSON.stringify({ error: { message: 'trouble', type: 'X', param: null, code: fault } }))
    }
    if (fault === 'endless') return this.#endless(response)
    const { status, answer } = await this.#answer(request, path, sent, fault)
    if (fault === 'lost') return void request.socket.destroy()
    const whole = typeof answer === 'string' ? answer : JSON.stringify(answer)
    response.writeHead(status, { 'content-type': typeof answer === 'string' ? 'text/plain' : 'application/json' })
    const cut =
      fault === 'truncated' ? whole.slice(0, whole.length / 2) : fault === 'garbage' ? '<html>hello</html>' : whole
    response.end(cut)
  }

  #endless(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' })
    const write = () => {
      if (response.destroyed) return
      response.write('x'.repeat(2 ** 16), () => setImmediate(write))
    }
    write()
  }

  async #answer(
    request: IncomingMessage,
    path: string,
    sent: string,
    fault?: Fault,
  ): Promise<{ status: number; answer: unknown }> {
    const { key } = this.options
    if (key !== undefined && request.headers.authorization !== `Bearer ${key}`) {
      return { status: 401, answer: { error: 'Unauthorized' } }
    }
    try {
      const body = sent === '' ? {} : JSON.parse(sent)
      return { status: 200, answer: await this.#call(path, body, fault) }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const { status, message, type, param } = error
      const answer = type === 'route' ? { detail: message } : { error: { message, type, param, code: status } }
      return { status, answer }
    }
  }

  async #call(path: string, body: Body, fault?: Fault): Promise<unknown> {
    const { updates = true, developer = true, version = '0.32.0' } = this.options
    if (path === 'version') return { version }
    if (path === 'v1/models') return this.#models()
    if (path === 'v1/completions') return this.#complete(body, fault)
    if (updates && path === 'v1/load_lora_adapter') return this.#load(body)
    if (updates && path === 'v1/unload_lora_adapter') {
      if (!this.adapters.delete(body.lora_name)) {
        throw new Refused(404, `The lora adapter '${body.lora_name}' cannot be found.`, 'NotFoundError')
      }
      return `Success: LoRA adapter '${body.lora_name}' removed successfully.`
    }
    if (developer && path === 'collective_rpc') {
      this.#weights = tableIn(body.kwargs.weights_path, () => {
        const why = `Repo id must be in the form 'repo_name' or 'namespace/repo_name': '<path>'. Use \`repo_type\` argument if needed.`
        throw new Refused(
          500,
          `Call to collective_rpc method failed: Worker failed with error '${why}', please check the stack trace above for the root cause`,
          'InternalServerError',
        )
      })
      return { results: [null] }
    }
    if (developer && path === 'reset_prefix_cache') return { success: true }
    throw new Refused(404, 'Not Found', 'route')
  }

  #models(): unknown {
    const permission = [
      {
        id: 'modelperm-0',
        object: 'model_permission',
        created: 0,
        allow_create_engine: false,
        allow_sampling: true,
        allow_logprobs: true,
        allow_search_indices: false,
        allow_view: true,
        allow_fine_tuning: false,
        organization: '*',
        group: null,
        is_blocking: false,
      },
    ]
    const card = { object: 'model', created: 0, owned_by: 'vllm', permission }
    const { maxModelLen = 256 } = this.options
    return {
      object: 'list',
      data: [
        { id: 'table', ...card, root: '/model', parent: null, max_model_len: maxModelLen },
        ...[...this.adapters.keys()].map((id) => ({ id, ...card, root: '/a', parent: 'table', max_model_len: null })),
      ],
    }
  }

  #load({ lora_name: name, lora_path: path }: { lora_name: string; lora_path: string }): string {
    const { refusesAdapters } = this.options
    if (refusesAdapters) throw new Refused(...refusesAdapters, 'InternalServerError')
    if (this.adapters.has(name)) {
      const way = "If you want to load the adapter in place, set 'load_inplace' to True."
      throw new Refused(400, `The lora adapter '${name}' has already been loaded. ${way}`, 'InvalidUserInput')
    }
    const adapter = tableIn(path, () => {
      throw new Refused(404, `Loading lora ${name} failed: No adapter found for <path>`, 'NotFoundError')
    })
    this.adapters.set(name, adapter)
    return `Success: LoRA adapter '${name}' added successfully.`
  }

  async #complete(body: CompletionBody, fault?: Fault): Promise<unknown> {
    const { model, prompt } = body
    const { maxModelLen = 256 } = this.options
    const policy = model === 'table' ? this.#weights : this.adapters.get(model)
    if (!policy)
      throw new Refused(404, `The model \`${model}\` does not exist. Valid aliases: table.`, 'NotFoundError', 'model')
    if (prompt.length === 0) throw new Refused(400, 'You must pass at least one prompt')
    const negative = prompt.findIndex((id) => id < 0)
    if (negative >= 0) {
      throw new Refused(400, 'Input should be greater than or equal to 0', 'Bad Request', `body.prompt.${negative}`)
    }
    const wrong = prompt.find((id) => id >= vocabulary)
    if (wrong !== undefined) throw new Refused(400, `Token id ${wrong} is out of vocabulary`)
    if (body.max_tokens > maxModelLen) {
      const way = `Please request fewer output tokens. (parameter=max_tokens, value=${body.max_tokens})`
      throw new Refused(
        400,
        `max_tokens=${body.max_tokens} cannot be greater than max_model_len=${maxModelLen}. ${way}`,
        'BadRequestError',
        'max_tokens',
      )
    }
    this.drawn.push(body.seed)
    // As under load: others are answered in between.
    await sleep(1)
    const { tokens, logprobs, finish, reason } = this.#draw(policy, body)
    const cells = tokens.map((id, i) => ({ [`token_id:${id}`]: logprobs[i] }))
    const usage = {
      prompt_tokens: prompt.length,
      total_tokens: prompt.length + tokens.length,
      completion_tokens: tokens.length,
    }
    return {
      id: 'cmpl-0',
      object: 'text_completion',
      created: 0,
      model,
      choices: [
        {
          index: 0,
          text: text.tokenizer.decode(tokens),
          logprobs: {
            text_offset: tokens.map((_, i) => i),
            token_logprobs: logprobs,
            tokens: tokens.map((id) => `token_id:${id}`),
            top_logprobs: cells,
          },
          finish_reason: fault === 'abort' ? 'abort' : finish,
          stop_reason: reason,
          token_ids: tokens,
          prompt_logprobs: body.prompt_logprobs === undefined ? null : this.#scored(policy, prompt),
          prompt_token_ids: prompt,
          routed_experts: null,
        },
      ],
      service_tier: null,
      system_fingerprint: 'vllm-0.32.0-00000000',
      usage: { ...usage, prompt_tokens_details: null, completion_tokens_details: null },
      kv_transfer_params: null,
      ec_transfer_params: null,
      metrics: null,
    }
  }

  #scored(policy: Parameters, prompt: readonly number[]): unknown {
    return prompt.map((id, i) => {
      if (i === 0) return null
      const { logp } = rowOf(policy, vocabulary, prompt[i - 1]!, 1)
      const rank = 1 + logp.filter((value) => value > logp[id]!).length
      return { [id]: { logprob: logp[id], rank, decoded_token: text.tokenizer.decode([id]) } }
    })
  }

  #draw(policy: Parameters, body: CompletionBody) {
    const { prompt, temperature, stop = [], stop_token_ids: ends = [] } = body
    const tokens: number[] = []
    const logprobs: number[] = []
    while (tokens.length < body.max_tokens) {
      const after = tokens.at(-1) ?? prompt.at(-1)!
      const { p } = rowOf(policy, vocabulary, after, temperature)
      const kept = keptBy(p, body)
      const total = kept.reduce((sum, value) => sum + value, 0)
      let left = uniform(body.seed, 0, 0, 0, tokens.length) * total
      let token = 0
      while (token < vocabulary - 1 && (left >= kept[token]! || kept[token] === 0)) left -= kept[token++]!
      if (kept[token] === 0) token = kept.findLastIndex((value) => value > 0)
      tokens.push(token)
      const raw = rowOf(policy, vocabulary, after, 1).logp[token]!
      logprobs.push(this.options.mode === 'processed' ? Math.log(kept[token]! / total) : raw)
      if (ends.includes(token)) return { tokens, logprobs, finish: 'stop', reason: token }
      const found = stop.find((one) => text.tokenizer.decode(tokens).includes(one))
      if (found !== undefined) return { tokens, logprobs, finish: 'stop', reason: found }
    }
    return { tokens, logprobs, finish: 'length', reason: null }
  }
}

/** Probabilities that top-k, top-p, and min-p leave, not normalized. */
function keptBy(p: Float64Array, { top_k: k, top_p, min_p }: CompletionBody): Float64Array {
  const order = [...p.keys()].sort((a, b) => p[b]! - p[a]!)
  const kept = new Float64Array(p.length)
  let mass = 0
  for (const [rank, id] of order.entries()) {
    if ((k > 0 && rank >= k) || mass >= top_p || p[id]! < min_p * p[order[0]!]!) break
    kept[id] = p[id]!
    mass += p[id]!
  }
  return kept
}

function tableIn(directory: string, missing: () => never): Parameters {
  const file = join(directory, 'table.json')
  return existsSync(file) ? new Parameters(JSON.parse(readFileSync(file, 'utf8'))) : missing()
}
