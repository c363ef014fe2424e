/** Completions on their way through a step: graded first, and once they are trained on, what the run writes down. */
import type { TrainItem } from './batch.js'
import type { GradedCompletion } from './events.js'
import type { Credit } from './ppo/credit.js'

/** A completion with its grade, before any advantage. `completion.prompt` is its prompt's place in the batch. */
export type Graded = Readonly<Omit<GradedCompletion, 'promptTokens' | 'advantage' | 'gradMask' | 'tokenCredit'>>

/** What became of the graded completions, one entry per completion each. */
export interface Trained {
  items: readonly TrainItem[]
  /** A of each completion; absent under a critic, which gives every token its own. */
  advantages?: readonly number[]
  credit?: Credit
  /** Gradient masks of the step's first update; absent where the policy was not trained on it. */
  masks: readonly (Uint8Array | undefined)[]
}

/** The step's rollouts. Under a critic a completion's advantage is the mean over its tokens. */
export function rolloutsOf(graded: readonly Graded[], trained: Trained): GradedCompletion[] {
  const { items, advantages, credit, masks } = trained
  return graded.map((entry, i) => {
    const { prompt, advantage } = items[i]
    return {
      ...entry,
      promptTokens: prompt,
      advantage: advantages?.[i] ?? advantage.reduce((a, b) => a + b, 0) / advantage.length,
      gradMask: masks[i] ?? new Uint8Array(advantage.length),
      ...(credit ? { tokenCredit: tokenCredit(credit, advantage, i) } : {}),
    }
  })
}

function tokenCredit({ values, returns }: Credit, advantages: Float32Array, i: number) {
  return { advantages, ...(values[i] && returns[i] ? { values: values[i], returns: returns[i] } : {}) }
}
