/** Figures of a held-out evaluation during training: those of src/evaluate that a curve over steps shows. */
import { avgAtK, passAtK } from '../evaluate/estimators.js'
import { bootstrapMeans } from '../evaluate/estimators-bootstrap.js'
import { areJudged, outcomeOf, passShares } from '../evaluate/figures.js'
import type { EvaluatedProblem } from '../evaluate/respond.js'
import type { EvalMetrics } from './events.js'

export function heldOutMetrics(step: number, problems: readonly EvaluatedProblem[], problemsHash: string): EvalMetrics {
  const samples = problems[0]!.responses.length
  const responses = problems.flatMap((problem) => problem.responses)
  const sum = (of: (response: (typeof responses)[number]) => number) =>
    responses.reduce((total, response) => total + of(response), 0)
  const tokens = sum(({ length }) => length)
  const outcomes = areJudged(problems) ? problems.map(outcomeOf) : undefined
  const [avg, pass] = outcomes
    ? bootstrapMeans([outcomes.map(avgAtK), outcomes.map((outcome) => passAtK(outcome, samples))])
    : []
  return {
    step,
    samples,
    problems: problems.length,
    ...(avg && pass ? { avg_at_k: avg.mean, pass_at_k: pass.mean } : {}),
    entropy_nats: sum(({ entropy }) => entropy) / tokens,
    ...(outcomes ? { pass_histogram: passShares(outcomes, samples) } : {}),
    completion_length_mean: tokens / responses.length,
    ...(avg && pass ? { avg_at_k_interval: [avg.low, avg.high], pass_at_k_interval: [pass.low, pass.high] } : {}),
    truncated_fraction: sum(({ finish }) => Number(finish === 'length')) / responses.length,
    ...(outcomes ? { solved: outcomes.map(({ correct }) => correct) } : {}),
    problems_hash: problemsHash,
    reward_mean: sum(({ reward }) => reward) / responses.length,
  }
}
