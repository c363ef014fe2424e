/** Figures of a held-out evaluation. */
import { avgAtK, mean, passAtK } from '../evaluate/estimators.js'
import type { EvalMetrics, GradedCompletion } from './events.js'

/** A completion solves its problem where its reward is at least this: rewards of 1 with or without extras. */
const solvedFrom = 1

export function heldOutMetrics(
  step: number,
  samples: number,
  problems: number,
  graded: readonly GradedCompletion[],
): EvalMetrics {
  const correct = new Array<number>(problems).fill(0)
  let entropy = 0
  let tokens = 0
  for (const { completion, reward } of graded) {
    if (reward >= solvedFrom) correct[completion.prompt]++
    tokens += completion.tokens.length
    entropy += completion.entropy.reduce((total, value) => total + value, 0)
  }
  const histogram = new Array<number>(samples + 1).fill(0)
  for (const count of correct) histogram[count] += 1 / problems
  const outcomes = correct.map((count) => ({ samples, correct: count }))
  return {
    step,
    samples,
    problems,
    avg_at_k: mean(outcomes.map(avgAtK)),
    pass_at_k: mean(outcomes.map((outcome) => passAtK(outcome, samples))),
    entropy_nats: entropy / tokens,
    pass_histogram: histogram,
    completion_length_mean: tokens / graded.length,
  }
}
