import { describe, expect, it } from 'vitest'
import { fakeStepMetrics } from '../../test/fake-run.js'
import type { EvalMetrics } from '../train/events.js'
import { type QuickRun, verdict } from './quickstart-verdict.js'

/** 100 problems, 2 samples each; `histogram`: shares solved in 0, 1, 2 of them. */
function evaluation(step: number, entropy: number, histogram: [number, number, number]): EvalMetrics {
  return {
    step,
    samples: 2,
    problems: 100,
    avg_at_k: histogram[1] / 2 + histogram[2],
    pass_at_k: histogram[1] + histogram[2],
    entropy_nats: entropy,
    pass_histogram: histogram,
    completion_length_mean: 5,
  }
}

const start = evaluation(0, 1, [0.2, 0.6, 0.2])

function run(name: string, end: EvalMetrics, covariances: number[] = [], masked = 0): QuickRun {
  const steps = [1, 2].map((step) =>
    fakeStepMetrics(step, { cov_A_Sc: covariances[step - 1], masked_low_fraction: masked, masked_high_fraction: 0 }),
  )
  return { name, steps, evaluations: [start, end] }
}

describe('verdict', () => {
  it('says what was seen, with its numbers', () => {
    const grpo = run('GRPO', evaluation(2, 0.4, [0.5, 0, 0.5]), [0.2, -0.1])
    const clip = run('Clip_B', evaluation(2, 0.8, [0.2, 0.4, 0.4]), [], 0.05)
    const text = verdict([grpo, clip], 7).join('\n')
    expect(text).toContain('GRPO: entropy 1.000 → 0.400 nats, Avg@2 0.500 → 0.500, Pass@2 0.800 → 0.500.')
    expect(text).toContain("seen. GRPO's entropy falls by 60 %")
    // Errors of 0.04 and 0.05: 0.3 is more than 2 x 0.064.
    expect(text).toContain('Avg@2 is within two standard errors of it, and Pass@2 is below it')
    expect(text).toContain('above 0 in 1 of 2 steps, mean 0.050 nats')
    expect(text).toContain('Clip_B keeps more entropy than GRPO: seen (0.800 and 0.400 nats, 5.0 % of tokens masked)')
    expect(text).toContain("its Pass@2 is above GRPO's")
    expect(text).toContain('One seed (7)')
  })

  it('says as plainly what was not seen', () => {
    const grpo = run('GRPO', evaluation(2, 0.9, [0.2, 0.5, 0.3]))
    const clip = run('Clip_V', evaluation(2, 0.9, [0.2, 0.5, 0.3]))
    const text = verdict([grpo, clip], 0).join('\n')
    expect(text).toContain('not seen in these steps')
    expect(text).toContain('Clip_V keeps more entropy than GRPO: not seen')
    expect(text).not.toContain('Cov(A, Sc)')
  })

  it('compares nothing without evaluations', () => {
    expect(verdict([{ name: 'GRPO', steps: [], evaluations: [] }], 0)[0]).toBe('Too few evaluations to compare.')
  })
})
