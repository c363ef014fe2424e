import { describe, expect, it } from 'vitest'
import { figuresOf } from './figures.js'
import type { EvaluatedProblem, Response } from './respond.js'

const response = (sample: number, changes: Partial<Response>): Response => ({
  sample,
  completion: '',
  length: 10,
  finish: 'stop',
  correct: false,
  reward: 0,
  logprob: -1,
  entropy: 5,
  ...changes,
})

/** Answers as letters: `r` is right, `-` no answer; a capital letter is a completion that was cut off. */
function problem(index: number, answers: string): EvaluatedProblem {
  return {
    index,
    id: `p${index}`,
    prompt: '?',
    answer: 'r',
    responses: [...answers].map((letter, sample) => {
      const answer = letter.toLowerCase()
      return response(sample, {
        correct: answer === 'r',
        extracted: answer === '-' ? null : answer,
        finish: letter === answer ? 'stop' : 'length',
        length: letter === answer ? 10 : 20,
      })
    }),
  }
}

describe('figuresOf', () => {
  const problems = [problem(0, 'rrab'), problem(1, 'aaRb'), problem(2, '--AA')]
  const figures = figuresOf(problems)

  it('are means over problems of what is exact for each', () => {
    // Pass rates 2/4, 1/4, 0.
    expect(figures.avg_at_k).toBeCloseTo((0.5 + 0.25) / 3, 14)
    expect(figures.pass_at_k).toBeCloseTo(2 / 3, 14)
    // Votes of all four: r wins with 2 of 4; a wins with 2 of 4; a wins, wrong.
    expect(figures.maj_at_k).toBeCloseTo(1 / 3, 14)
    expect(figures.curve!.map(({ k }) => k)).toEqual([1, 2, 4])
    // Pass@2 = 1 - C(n-c, 2)/C(4, 2): 1 - 1/6, 1 - 3/6, 0.
    expect(figures.curve![1]!.pass_at_k).toBeCloseTo((5 / 6 + 3 / 6) / 3, 14)
    // maj@1 is the pass rate.
    expect(figures.curve![0]!.maj_at_k).toBeCloseTo(figures.avg_at_k!, 14)
    expect(figures.curve![2]).toMatchObject({ pass_at_k: figures.pass_at_k, maj_at_k: figures.maj_at_k })
    expect(figures.pass_histogram).toEqual([1 / 3, 1 / 3, 1 / 3, 0, 0])
  })

  it('hold their means within their intervals', () => {
    const pairs = [
      [figures.avg_at_k!, figures.avg_at_k_interval!],
      [figures.pass_at_k!, figures.pass_at_k_interval!],
      [figures.maj_at_k!, figures.maj_at_k_interval!],
    ] as const
    for (const [value, [low, high]] of pairs) {
      expect(low).toBeLessThanOrEqual(value)
      expect(high).toBeGreaterThanOrEqual(value)
    }
  })

  it('tell lengths, cut completions and missing answers', () => {
    // 12 completions, 3 of them of 20 tokens and cut off, one of those right; two have no answer.
    expect(figures.length).toEqual({ mean: 12.5, median: 10, p90: 20, max: 20, right: 40 / 3, wrong: 110 / 9 })
    expect(figures.truncated_fraction).toBe(3 / 12)
    expect(figures.truncated_correct_fraction).toBe(1 / 12)
    expect(figures.no_answer_fraction).toBe(2 / 12)
    // 12 x 5 nats over 9 x 10 + 3 x 20 tokens.
    expect(figures.entropy_nats).toBe(60 / 150)
    expect(figures.per_problem[1]).toEqual({
      id: 'p1',
      answer: 'r',
      samples: 4,
      correct: 1,
      majority: 0,
      length_mean: 12.5,
      truncated: 1,
    })
  })

  it('leave out the votes of large draws, but for that of all samples', () => {
    const { curve, maj_at_k } = figuresOf([problem(0, 'ra'.repeat(50))])
    expect(curve!.map(({ k, maj_at_k }) => [k, maj_at_k !== undefined])).toEqual([
      ...[1, 2, 4, 8, 16, 32].map((k) => [k, true]),
      [64, false],
      [100, true],
    ])
    // Half of the votes are for each of two.
    expect(maj_at_k).toBe(0.5)
  })

  it('have no vote where the grader tells no answers', () => {
    const silent = { ...problem(0, 'rr'), responses: [response(0, { correct: true }), response(1, {})] }
    const figures = figuresOf([silent])
    expect(figures).not.toHaveProperty('maj_at_k')
    expect(figures).not.toHaveProperty('no_answer_fraction')
    expect(figures.curve![0]).not.toHaveProperty('maj_at_k')
    expect(figures.per_problem[0]).not.toHaveProperty('majority')
  })

  it('count the task’s verdict, whatever the reward is, and have none without one', () => {
    const halved = (p: EvaluatedProblem, change: (response: Response) => Response) => ({
      ...p,
      responses: p.responses.map(change),
    })
    const half = problems.map((p) => halved(p, (one) => ({ ...one, reward: (one.correct ? 0.5 : 0) - 1 })))
    const { reward_mean, reward_mean_interval, ...same } = figuresOf(half)
    const { reward_mean: _, reward_mean_interval: __, ...expected } = figuresOf(problems)
    expect(same).toEqual(expected)
    // 3 of 12 are right: (3 * 0.5) / 12 - 1.
    expect(reward_mean).toBeCloseTo(-0.875, 14)
    expect(reward_mean_interval![0]).toBeLessThanOrEqual(-0.875)

    const unjudged = figuresOf(
      problems.map((p) => halved(p, ({ correct: _correct, ...one }) => ({ ...one, reward: 0.25 }))),
    )
    for (const key of ['avg_at_k', 'pass_at_k', 'maj_at_k', 'curve', 'pass_histogram', 'truncated_correct_fraction']) {
      expect(unjudged).not.toHaveProperty(key)
    }
    expect(unjudged).toMatchObject({ reward_mean: 0.25, truncated_fraction: 3 / 12, problems: 3, samples: 4 })
    expect(unjudged.per_problem[1]).toMatchObject({ reward_mean: 0.25, samples: 4 })
    expect(unjudged.per_problem[1]).not.toHaveProperty('correct')
  })

  it('refuse unequal numbers of samples, and no problems', () => {
    expect(() => figuresOf([problem(0, 'rr'), problem(1, 'r')])).toThrow(RangeError)
    expect(() => figuresOf([])).toThrow(RangeError)
  })
})
