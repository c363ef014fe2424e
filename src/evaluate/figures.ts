/**
 * An evaluated data set in numbers. Every figure is a mean over problems of what is exact for one problem (Avg@K,
 * Pass@K, maj@K), with an interval over the choice of problems.
 */

import { mean } from '../base/sample.js'
import type { GradeRule } from '../task/math/grade.js'
import { avgAtK, type Outcome, passAtK, powersUpTo } from './estimators.js'
import { bootstrapMeans, type Estimate, quantile } from './estimators-bootstrap.js'
import { majAtK } from './estimators-majority.js'
import type { EvaluatedProblem, Response } from './respond.js'
import { votesOf } from './votes.js'

export type Interval = [low: number, high: number]

/** Pass@K and maj@K of one K. */
export interface CurvePoint {
  k: number
  pass_at_k: number
  pass_at_k_interval: Interval
  maj_at_k?: number
  maj_at_k_interval?: Interval
}

/** Tokens of completions. */
export interface Lengths {
  mean: number
  median: number
  p90: number
  max: number
  /** Mean over the right and over the wrong ones; absent where there are none. */
  right?: number
  wrong?: number
}

/** One problem's line. */
export interface ProblemFigures {
  id: string
  answer?: string
  samples: number
  /** Right samples; absent without a verdict. */
  correct?: number
  /** The vote of all samples: 1 right, 0 wrong, between where candidates tie; absent where there is no answer to vote for. */
  majority?: number
  length_mean: number
  truncated: number
  /** Mean reward of its samples, in place of `correct`. */
  reward_mean?: number
}

/**
 * K without a number is the number of samples. Intervals are at 95 %. What tells right from wrong is absent where the task gives
 * no verdict.
 */
export interface DataFigures {
  problems: number
  samples: number
  avg_at_k?: number
  avg_at_k_interval?: Interval
  pass_at_k?: number
  pass_at_k_interval?: Interval
  maj_at_k?: number
  maj_at_k_interval?: Interval
  /** K = 1, 2, 4 ... and the number of samples. */
  curve?: CurvePoint[]
  /** Share of problems solved in 0, 1, ... samples of `samples`. */
  pass_histogram?: number[]
  /** Mean entropy of the completions' tokens, nats. */
  entropy_nats: number
  length: Lengths
  truncated_fraction: number
  /** Right ones among the truncated completions, over all completions. */
  truncated_correct_fraction?: number
  /** Completions in which no answer was found, over all; absent where the grader does not tell. */
  no_answer_fraction?: number
  per_problem: ProblemFigures[]
  /** Mean reward of the completions; absent in results of before it was written. */
  reward_mean?: number
  reward_mean_interval?: Interval
}

/** Exact votes of K among n samples take time with the square of K; above this only that of all n is computed. */
const largestDrawnVote = 32

/** A problem with the task's verdict on each of its responses. */
type Judged = EvaluatedProblem & { responses: (Response & { correct: boolean })[] }

/** Whether the task gave its verdict on every response. */
export const areJudged = (problems: readonly EvaluatedProblem[]): problems is Judged[] =>
  problems.every(({ responses }) => responses.every(({ correct }) => correct !== undefined))

export const outcomeOf = ({ responses }: EvaluatedProblem): Outcome => ({
  samples: responses.length,
  correct: responses.filter(({ correct }) => correct).length,
})

const rewardOf = ({ responses }: EvaluatedProblem): number => mean(responses.map(({ reward }) => reward))

/**
 * @throws RangeError without problems, or where their numbers of samples differ.
 */
export function figuresOf(
  problems: readonly EvaluatedProblem[],
  options: { rule?: GradeRule; seed?: number } = {},
): DataFigures {
  const samples = problems[0]?.responses.length ?? 0
  if (problems.some(({ responses }) => responses.length !== samples)) {
    throw new RangeError('the problems have different numbers of samples')
  }
  const rewards = problems.map(rewardOf)
  const solved = areJudged(problems) ? solvedFigures(problems, samples, options) : undefined
  const [reward] = bootstrapMeans([rewards], { seed: options.seed })
  return {
    problems: problems.length,
    samples,
    ...solved?.figures,
    ...responseFigures(problems.flatMap(({ responses }) => responses)),
    per_problem: problems.map((problem, i) => ({
      id: problem.id,
      ...(problem.answer === undefined ? {} : { answer: problem.answer }),
      samples,
      ...solved?.perProblem[i],
      length_mean: mean(problem.responses.map(({ length }) => length)),
      truncated: problem.responses.filter(isTruncated).length,
      ...(solved ? {} : { reward_mean: rewards[i]! }),
    })),
    reward_mean: reward!.mean,
    reward_mean_interval: intervalOf(reward!),
  }
}

/** What the verdicts say. */
function solvedFigures(
  problems: readonly Judged[],
  samples: number,
  options: { rule?: GradeRule; seed?: number },
): { figures: Partial<DataFigures>; perProblem: Pick<ProblemFigures, 'correct' | 'majority'>[] } {
  const outcomes = problems.map(outcomeOf)
  const votes = problems.map(({ responses }) => votesOf(responses, options.rule ?? 'math'))
  const voting = votes.every((each) => each !== undefined) ? votes : undefined
  const sizes = powersUpTo(samples)
  const voted = voting ? sizes.filter((k) => k <= largestDrawnVote || k === samples) : []
  // All figures are resampled together: the same draws of problems for each.
  const columns = [
    outcomes.map(avgAtK),
    ...sizes.map((k) => outcomes.map((outcome) => passAtK(outcome, k))),
    ...voted.map((k) => voting!.map((each) => majAtK(each, k))),
  ]
  const [average, ...rest] = bootstrapMeans(columns, { seed: options.seed })
  const passes = rest.slice(0, sizes.length)
  const majorities = rest.slice(sizes.length)
  const curve = sizes.map((k, i): CurvePoint => {
    const pass = passes[i]!
    const majority = majorities[voted.indexOf(k)]
    return {
      k,
      pass_at_k: pass.mean,
      pass_at_k_interval: intervalOf(pass),
      ...(majority === undefined ? {} : { maj_at_k: majority.mean, maj_at_k_interval: intervalOf(majority) }),
    }
  })
  const { k: _k, ...last } = curve.at(-1)!
  const majorityOf = voting && columns.at(-1)!
  return {
    figures: {
      avg_at_k: average!.mean,
      avg_at_k_interval: intervalOf(average!),
      ...last,
      curve,
      pass_histogram: passShares(outcomes, samples),
    },
    perProblem: outcomes.map(({ correct }, i) => ({ correct, ...(majorityOf ? { majority: majorityOf[i]! } : {}) })),
  }
}

const intervalOf = ({ low, high }: Estimate): Interval => [low, high]
const isTruncated = ({ finish }: Response) => finish === 'length'

/** Share of problems solved in 0, 1, ... of their samples. */
export function passShares(outcomes: readonly Outcome[], samples: number): number[] {
  const counts = new Array<number>(samples + 1).fill(0)
  for (const { correct } of outcomes) counts[correct]!++
  return counts.map((count) => count / outcomes.length)
}

function responseFigures(
  responses: readonly Response[],
): Pick<
  DataFigures,
  'entropy_nats' | 'length' | 'truncated_fraction' | 'truncated_correct_fraction' | 'no_answer_fraction'
> {
  const share = (of: (response: Response) => boolean) => responses.filter(of).length / responses.length
  const lengths = responses.map(({ length }) => length)
  const sorted = Float64Array.from(lengths).sort()
  const tokens = lengths.reduce((total, length) => total + length, 0)
  const entropy = responses.reduce((total, response) => total + response.entropy, 0)
  const meanOf = (correct: boolean) => {
    const chosen = responses.filter((response) => response.correct === correct)
    return chosen.length === 0 ? undefined : mean(chosen.map(({ length }) => length))
  }
  const [right, wrong] = [meanOf(true), meanOf(false)]
  const tells = responses.some(({ extracted }) => extracted !== undefined)
  return {
    entropy_nats: entropy / tokens,
    length: {
      mean: mean(lengths),
      median: quantile(sorted, 0.5),
      p90: quantile(sorted, 0.9),
      max: sorted.at(-1)!,
      ...(right === undefined ? {} : { right }),
      ...(wrong === undefined ? {} : { wrong }),
    },
    truncated_fraction: share(isTruncated),
    ...(responses.every(({ correct }) => correct !== undefined)
      ? { truncated_correct_fraction: share((response) => isTruncated(response) && response.correct === true) }
      : {}),
    ...(tells ? { no_answer_fraction: share(({ extracted }) => extracted === null) } : {}),
  }
}
