/** Figures of a held-out evaluation during training. */
import { figuresOf } from '../evaluate/figures.js'
import type { EvaluatedProblem } from '../evaluate/respond.js'
import type { EvalMetrics } from './events.js'

export function heldOutMetrics(step: number, problems: readonly EvaluatedProblem[], problemsHash: string): EvalMetrics {
  const figures = figuresOf(problems)
  return {
    step,
    samples: figures.samples,
    problems: figures.problems,
    avg_at_k: figures.avg_at_k,
    pass_at_k: figures.pass_at_k,
    entropy_nats: figures.entropy_nats,
    pass_histogram: figures.pass_histogram,
    completion_length_mean: figures.length.mean,
    avg_at_k_interval: figures.avg_at_k_interval,
    pass_at_k_interval: figures.pass_at_k_interval,
    truncated_fraction: figures.truncated_fraction,
    solved: figures.per_problem.map(({ correct }) => correct),
    problems_hash: problemsHash,
  }
}
