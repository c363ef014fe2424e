/**
 * A task gives prompts and grades completions. Built-in tasks, data sets and a user's own module all are this one
 * shape, so nothing above this room knows where a problem came from.
 */
import type { TemplateVariables } from '../model/template/variables.js'
import type { ChatMessage } from '../model/types.js'

export interface Example {
  /** Stable identity of the problem: keys pass rates, rollouts and held-out splits. */
  id: string
  /** Text as it stands, or a chat that the model's template renders. */
  prompt: string | ChatMessage[]
  /** Variables of the chat template, beside the messages. */
  templateVariables?: TemplateVariables
  /** The reference answer, where there is one. */
  answer?: string
  [field: string]: unknown
}

export interface Grade {
  /** What is trained on, finite. */
  reward: number
  /**
   * The task's verdict: whether the completion solves the problem. Avg@K and Pass@K count it; weights, penalties, and further
   * rewards do not touch it. Without it the task has no verdict: those figures are absent, and the mean reward selects the
   * best checkpoint. A number in place of a grade is correct from 1 on.
   */
  correct?: boolean
  details?: Record<string, unknown>
}

/** What a grader may know of a completion besides its text. */
export interface CompletionInfo {
  /** `stop`: the policy ended it by itself; `length`: it ran into the limit. */
  finish: 'stop' | 'length'
  tokens: number
  /** The whole text that the policy continued: a chat as its template renders it. */
  prompt?: string
  /**
   * Aborted when the answer is no longer wanted: the run is stopped, another grader has failed, or the time of this try is up.
   * Pass it to fetch, or to a child process. Training and evaluation always give it.
   */
  signal?: AbortSignal
}

export type Split = 'train' | 'eval'

/** Uniform numbers in [0, 1), reproducible. */
export type Rng = () => number

export interface Task<E extends Example = Example> {
  name: string
  /**
   * The problems of one pass. A finite task returns an array or a finite iterable (it is begun anew, with another
   * `rng`, when exhausted); an endless one is a generator. The same `rng` stream must give the same problems.
   */
  prompts(rng: Rng, split: Split): Iterable<E> | AsyncIterable<E>
  grade(completion: string, example: E, info: CompletionInfo): number | Grade | Promise<number | Grade>
}

/** Identity, with types: `export default defineTask({ name, prompts, grade })`. */
export function defineTask<E extends Example>(task: Task<E>): Task<E> {
  return task
}
