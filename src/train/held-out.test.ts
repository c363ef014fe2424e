import { expect, it } from 'vitest'
import type { EvaluatedProblem } from '../evaluate/respond.js'
import { heldOutMetrics } from './held-out.js'

const problem = (
  index: number,
  responses: [correct: boolean, length: number, entropy: number][],
): EvaluatedProblem => ({
  index,
  id: String(index),
  prompt: '?',
  responses: responses.map(([correct, length, entropy], sample) => ({
    ...{ sample, completion: '', length, correct, reward: Number(correct), logprob: 0, entropy },
    finish: length > 3 ? 'length' : 'stop',
  })),
})

it('counts solved samples per problem', () => {
  // Problem 0 is solved once in two samples, problem 1 never; 16 nats over 10 tokens.
  const problems = [
    problem(0, [
      [true, 3, 6],
      [false, 1, 4],
    ]),
    problem(1, [
      [false, 2, 4],
      [false, 4, 2],
    ]),
  ]
  expect(heldOutMetrics(5, problems, 'abc')).toEqual({
    step: 5,
    samples: 2,
    problems: 2,
    avg_at_k: 0.25,
    pass_at_k: 0.5,
    entropy_nats: 1.6,
    pass_histogram: [0.5, 0.5, 0],
    completion_length_mean: 2.5,
    // All of the two problems' means lie within 2.5 % of their ends: both 0, both of the other.
    avg_at_k_interval: [0, 0.5],
    pass_at_k_interval: [0, 1],
    truncated_fraction: 0.25,
    solved: [1, 0],
    problems_hash: 'abc',
    reward_mean: 0.25,
  })
})

it('has the mean reward and nothing of what is solved without a verdict', () => {
  const { responses, ...rest } = problem(0, [
    [true, 3, 6],
    [false, 1, 4],
  ])
  const unjudged = responses.map(({ correct: _, ...response }) => response)
  expect(heldOutMetrics(5, [{ ...rest, responses: unjudged }], 'abc')).toEqual({
    step: 5,
    samples: 2,
    problems: 1,
    entropy_nats: 2.5,
    completion_length_mean: 2,
    truncated_fraction: 0,
    problems_hash: 'abc',
    reward_mean: 0.5,
  })
})
