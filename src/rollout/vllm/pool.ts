/**
 * Several servers as one: a request goes to the one with the least to do, what was lost is sent again, and a server that fails is
 * left out until it has been prepared again, since it may be another process with other weights.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ServerTrouble, UserError } from '../../base/errors.js'
import { RequestProblem, type Trouble } from './http.js'

/** Tries of one request, those that a busy server puts off not counted. */
const mostTries = 6
const longestPause = 30_000

export interface PoolOptions<Info> {
  urls: readonly string[]
  /** Makes a server ready: it has the weights and answers. Called again after each of its failures. */
  prepare(url: string): Promise<Info>
  /** Seconds without any server. */
  patience: number
  signal?: AbortSignal
  /** What the user should hear of. */
  say(message: string): void
  /** Milliseconds of the first pause; it doubles with every failure. */
  pause?: number
}

interface Member<Info> {
  url: string
  /** Set while it is ready. */
  info?: Info
  inFlight: number
  /** Busy answers in a row, and until when it rests for them. */
  busy: number
  restsUntil: number
  /** Why it is left out. */
  problem?: Error
  /** The problem is no failure of the network: trying again changes nothing. */
  refused: boolean
  /** Whether the user has heard of it. */
  said: boolean
  /** Under way until it is ready; absent: it is, or it refuses. */
  bringing?: Promise<void>
  /** Those who wait for the next try. */
  tried: (() => void)[]
  /** Ends the rest between two tries. */
  hurry?: () => void
}

export class Pool<Info> {
  readonly #options: PoolOptions<Info>
  readonly #members: Member<Info>[]
  readonly #pause: number
  readonly #closing = new AbortController()
  readonly #stop: AbortSignal
  /** Counts the weights: what was prepared for others is not ready. */
  #generation = 0
  #lastAnswer = 0
  #wakeAll: () => void = () => {}
  #change: Promise<void> = Promise.resolve()

  constructor(options: PoolOptions<Info>) {
    this.#options = options
    this.#pause = options.pause ?? 250
    this.#stop = options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal
    this.#members = options.urls.map((url) => ({
      url,
      inFlight: 0,
      busy: 0,
      restsUntil: 0,
      refused: false,
      said: false,
      tried: [],
    }))
    this.#renew()
  }

  /** All servers are to be prepared anew. Ends once every one has been tried and one is ready. */
  async refresh(): Promise<void> {
    this.#generation++
    this.#lastAnswer = Date.now()
    const tried = this.#members.map((member) => this.#bring(member))
    await Promise.all(tried)
    await this.#pick(this.#stop)
  }

  /** @throws UserError for what a server refuses, ServerTrouble where none answers, or the signal's reason */
  async run<T>(job: (url: string, info: Info) => Promise<T>, signal: AbortSignal): Promise<T> {
    const either = AbortSignal.any([signal, this.#stop])
    const began = Date.now()
    for (let tries = 0; ; ) {
      const member = await this.#pick(either, began)
      member.inFlight++
      try {
        const result = await job(member.url, member.info!)
        this.#lastAnswer = Date.now()
        member.busy = 0
        return result
      } catch (error) {
        either.throwIfAborted()
        if (!(error instanceof RequestProblem)) throw error
        this.#learn(member, error)
        if (error.trouble !== 'busy' && ++tries >= mostTries) throw givenUp(error, tries)
      } finally {
        member.inFlight--
        this.#wake()
      }
    }
  }

  /** Ends what goes on in the background. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the sampler is closed'))
    await Promise.all(this.#members.map(({ bringing }) => bringing))
  }

  /** Urls of the servers that are ready. */
  get ready(): string[] {
    return this.#members.filter(({ info }) => info !== undefined).map(({ url }) => url)
  }

  /** @throws UserError where the request itself is wrong */
  #learn(member: Member<Info>, error: RequestProblem): void {
    const { trouble, status } = error
    if (trouble === 'busy') {
      member.restsUntil = Date.now() + this.#backOff(++member.busy)
      return
    }
    if (trouble === 'garbled') return
    // A server that no longer knows the policy's name has been restarted.
    if (trouble === 'refused' && status !== 404) throw refusal(error)
    member.problem = error
    void this.#bring(member)
  }

  /** Resolves once it has been tried; it is tried again in the background until it is ready. */
  #bring(member: Member<Info>): Promise<void> {
    member.info = undefined
    member.refused = false
    const tried = new Promise<void>((resolve) => member.tried.push(resolve))
    member.hurry?.()
    member.bringing ??= this.#untilReady(member).finally(() => {
      member.bringing = undefined
      for (const resolve of member.tried.splice(0)) resolve()
    })
    return tried
  }

  async #untilReady(member: Member<Info>): Promise<void> {
    for (let failures = 0; member.info === undefined && !this.#stop.aborted; ) {
      const generation = this.#generation
      const waiting = member.tried.splice(0)
      try {
        const info = await this.#options.prepare(member.url)
        if (generation === this.#generation) {
          if (member.said) this.#options.say(`${member.url} answers again`)
          Object.assign(member, { info, problem: undefined, said: false, busy: 0, restsUntil: 0 })
          this.#lastAnswer = Date.now()
        }
      } catch (error) {
        if (this.#stop.aborted) return
        failures++
        this.#leaveOut(member, error as Error)
      }
      for (const resolve of waiting) resolve()
      this.#wake()
      if (member.refused) return
      if (member.info === undefined && member.tried.length === 0) await this.#rest(member, this.#backOff(failures))
    }
  }

  #leaveOut(member: Member<Info>, problem: Error): void {
    member.problem = problem
    member.refused = !(problem instanceof RequestProblem) || problem.trouble === 'refused'
    if (member.said) return
    const others = this.#members.length > 1
    if (!others && member.refused) return
    this.#options.say(
      others ? `${member.url} is left out: ${problem.message}` : `waiting for ${member.url}: ${problem.message}`,
    )
    member.said = true
  }

  /** The ready server with the least to do. */
  async #pick(signal: AbortSignal, began = Date.now()): Promise<Member<Info>> {
    const waiting = Date.now()
    for (;;) {
      signal.throwIfAborted()
      const now = Date.now()
      const ready = this.#members.filter(({ info }) => info !== undefined)
      const free = ready.filter(({ restsUntil }) => restsUntil <= now)
      if (free.length > 0) return free.reduce((a, b) => (b.inFlight < a.inFlight ? b : a))
      if (this.#members.every(({ refused }) => refused)) throw refusal(this.#members[0]!.problem!)
      const patient = this.#options.patience * 1000
      // Servers that are only busy may let others through: what counts is the last answer to anybody.
      const since = ready.length > 0 ? Math.max(began, this.#lastAnswer) : waiting
      if (now - since >= patient) throw this.#noServer()
      const next = Math.min(...ready.map(({ restsUntil }) => restsUntil), since + patient)
      const timer = new AbortController()
      const either = AbortSignal.any([signal, timer.signal])
      const pause = sleep(Math.max(1, Math.min(next - now, 60_000)), undefined, { signal: either }).catch(() => {})
      await Promise.race([this.#change, pause])
      timer.abort()
    }
  }

  #noServer(): ServerTrouble {
    const each = this.#members.map(({ url, problem }) => `${url} (${problem?.message ?? 'it puts every request off'})`)
    return new ServerTrouble(`no vLLM server has answered for ${this.#options.patience} s: ${each.join(', ')}`, {
      hint: 'start it again and resume the run; sampler.url, sampler.timeout, and sampler.patience may change',
    })
  }

  #backOff(failures: number): number {
    return Math.min(this.#pause * 2 ** (failures - 1), longestPause) * (0.75 + Math.random() / 2)
  }

  /** Ends early where there is a reason to try at once: new weights. */
  async #rest(member: Member<Info>, milliseconds: number): Promise<void> {
    const early = new AbortController()
    member.hurry = () => early.abort()
    const signal = AbortSignal.any([this.#stop, early.signal])
    await sleep(milliseconds, undefined, { signal }).catch(() => {})
    member.hurry = undefined
  }

  #wake(): void {
    this.#wakeAll()
    this.#renew()
  }

  #renew(): void {
    this.#change = new Promise((resolve) => {
      this.#wakeAll = resolve
    })
  }
}

/** What a server refuses, for the user. */
function refusal(problem: Error): Error {
  if (!(problem instanceof RequestProblem)) return problem
  const hint =
    problem.status === 401 || problem.status === 403
      ? 'set VLLM_API_KEY to the key that the server was started with'
      : undefined
  return new UserError(problem.message, { hint, cause: problem })
}

const advice: Partial<Record<Trouble, string>> = {
  silent: 'raise sampler.timeout if completions take that long, then resume the run',
  garbled: "look at the server's log, and at what stands between this machine and it; then resume the run",
}

const givenUp = (problem: RequestProblem, tries: number): ServerTrouble =>
  new ServerTrouble(`a completion failed ${tries} times; the last time: ${problem.message}`, {
    hint: advice[problem.trouble] ?? "look at the server's log, then resume the run",
    cause: problem,
  })
