/**
 * Which policy a completion's alternatives are recomputed with, and the thread that does it. The thread starts when somebody
 * asks, holds one model, and ends after a minute without a question; until then the server has loaded no engine.
 */
import { existsSync, realpathSync } from 'node:fs'
import { isAbsolute, join, resolve, sep } from 'node:path'
import { UserError } from '../../base/errors.js'
import type { Alternatives } from '../../rollout/alternatives.js'
import type { AlternativesModel } from '../../rollout/alternatives-model.js'
import { listCheckpoints } from '../../run/store/checkpoint.js'
import { readEnvironment } from '../../run/store/history.js'
import { runPaths } from '../../run/store/run-directory.js'

export interface Policy {
  reference: string
  /** For people. */
  name: string
  /** Whether it is the policy that sampled. */
  exact: boolean
}

/**
 * The saved policy nearest to the one that sampled at a step: that one has made `step - 1` steps.
 * @throws UserError where no checkpoint is left, and the first policy is not here
 */
export function policyOf(directory: string, step: number, model: unknown): Policy {
  const paths = runPaths(directory)
  const inside = realpathSync(directory) + sep
  const saved = listCheckpoints(paths).filter(
    (one) => existsSync(one.model) && realpathSync(one.model).startsWith(inside),
  )
  const first = startOf(directory, model)
  const known: { step: number; policy: Omit<Policy, 'exact'> }[] = [
    ...(first === undefined
      ? []
      : [{ step: 0, policy: { reference: first, name: 'the model that the run began with' } }]),
    ...saved.map((one) => ({
      step: one.step,
      policy: { reference: one.model, name: `the checkpoint of step ${one.step}` },
    })),
  ]
  const wanted = step - 1
  const nearest = known.sort((a, b) => Math.abs(a.step - wanted) - Math.abs(b.step - wanted))[0]
  if (nearest === undefined) {
    throw new UserError('the run has no checkpoint, and its first model is not on this machine', {
      hint: 'alternatives are recomputed from one of them',
    })
  }
  return { ...nearest.policy, exact: nearest.step === wanted }
}

/** The run's model where it is a directory here: as it is named, or from where the run was started. */
function startOf(directory: string, model: unknown): string | undefined {
  if (typeof model !== 'string') return undefined
  const { cwd } = readEnvironment(runPaths(directory)) ?? {}
  const places = [model, ...(cwd === undefined || isAbsolute(model) ? [] : [join(cwd, model)])]
  return places.find((place) => existsSync(join(resolve(place), 'config.json')))
}

export interface AlternativesQuestion {
  policy: Policy
  prompt: readonly number[]
  completion: readonly number[]
  temperature: number
}

export interface AlternativeToken {
  id: number
  text: string
  logprob: number
}

/** Alternatives of each token. */
const count = 10
/** Prompt and completion together. */
const mostTokens = 8192
const idleMilliseconds = 60_000
/** Answers that are kept. */
const kept = 8

export class AlternativesDesk {
  #open: { reference: string; model: Promise<AlternativesModel> } | undefined
  #idle: NodeJS.Timeout | undefined
  /** Questions are answered one after the other. */
  #queue: Promise<unknown> = Promise.resolve()
  readonly #answers = new Map<string, Alternatives>()

  /** The likeliest tokens in place of token `at` of the completion. */
  async at(question: AlternativesQuestion, at: number): Promise<AlternativeToken[]> {
    const turn = this.#queue.then(() => this.#answer(question))
    this.#queue = turn.catch(() => {})
    const { answer, model } = await turn
    const places = Array.from({ length: answer.count }, (_, i) => at * answer.count + i)
    return places
      .filter((place) => place < answer.ids.length)
      .map((place) => {
        const id = answer.ids[place]!
        return { id, text: model.model.tokenizer.decode([id]), logprob: answer.logprob[place]! }
      })
  }

  async #answer({ policy, prompt, completion, temperature }: AlternativesQuestion) {
    if (prompt.length + completion.length > mostTokens) {
      throw new UserError(`the completion has ${completion.length} tokens; alternatives are computed for ${mostTokens}`)
    }
    clearTimeout(this.#idle)
    try {
      const model = await this.#modelOf(policy.reference)
      const tokens = [...prompt, ...completion]
      const outside = tokens.find((id) => id >= model.model.config.vocabSize)
      if (outside !== undefined) throw new UserError(`token ${outside} is not in the vocabulary of ${policy.name}`)
      const key = `${policy.reference} ${temperature} ${prompt.length} ${tokens.join(' ')}`
      const known = this.#answers.get(key)
      const answer = known ?? (await model.ask({ tokens, from: prompt.length, temperature, count }))
      this.#answers.delete(key)
      this.#answers.set(key, answer)
      if (this.#answers.size > kept) this.#answers.delete(this.#answers.keys().next().value!)
      return { answer, model }
    } finally {
      this.#idle = setTimeout(() => void this.close(), idleMilliseconds).unref()
    }
  }

  async #modelOf(reference: string): Promise<AlternativesModel> {
    if (this.#open?.reference !== reference) {
      await this.close()
      const { openAlternatives } = await import('../../rollout/alternatives-model.js')
      this.#open = { reference, model: openAlternatives(reference) }
      this.#open.model.catch(() => {
        this.#open = undefined
      })
    }
    return this.#open.model
  }

  /** Ends the thread; the next question starts another. */
  async close(): Promise<void> {
    clearTimeout(this.#idle)
    const open = this.#open
    this.#open = undefined
    const model = await open?.model.catch(() => undefined)
    await model?.close()
  }
}
