import { describe, expect, it } from 'vitest'
import { fakeStepMetrics } from '../../test/fake-run.js'
import { edges, elapsedSeconds, entropyChanges, maskedShare } from './metrics.js'

describe('maskedShare', () => {
  it('adds both sides and is absent where both are', () => {
    expect(maskedShare(fakeStepMetrics(1, { masked_low_fraction: 0.25, masked_high_fraction: 0.5 }))).toBe(0.75)
    expect(maskedShare(fakeStepMetrics(1, { masked_low_fraction: 0 }))).toBe(0)
    expect(maskedShare(fakeStepMetrics(1))).toBeUndefined()
  })
})

describe('edges', () => {
  it('averages the steps at either end', () => {
    const metrics = [1, 2, 3, 4].map((step) => fakeStepMetrics(step))
    // Steps 1 and 2, 3 and 4; fakeStepMetrics has the reward step / 10.
    const { first, last } = edges(metrics, ({ reward_mean }) => reward_mean)
    expect(first).toBeCloseTo(0.15, 12)
    expect(last).toBeCloseTo(0.35, 12)
    expect(edges([], ({ reward_mean }) => reward_mean)).toEqual({ first: undefined, last: undefined })
  })
})

describe('entropyChanges', () => {
  it('pairs a prediction with the change to the next step', () => {
    const metrics = [
      fakeStepMetrics(1, { entropy_nats: 2, pred_dH_kept: -0.5 }),
      fakeStepMetrics(2, { entropy_nats: 1.75, pred_dH_kept: 0.1 }),
      // Step 3 is missing, step 4 has no prediction, step 5 is the last.
      fakeStepMetrics(4, { entropy_nats: 1 }),
      fakeStepMetrics(5, { entropy_nats: 1, pred_dH_kept: 0.1 }),
    ]
    expect(entropyChanges(metrics)).toEqual([{ step: 1, predicted: -0.5, measured: -0.25 }])
  })
})

describe('elapsedSeconds', () => {
  it('adds the first step to the span of the times', () => {
    const metrics = [
      fakeStepMetrics(1, { time: '2026-01-01T00:00:00.000Z', rollout_seconds: 2, train_seconds: 3 }),
      fakeStepMetrics(2, { time: '2026-01-01T00:01:00.000Z' }),
    ]
    expect(elapsedSeconds(metrics)).toBe(65)
    expect(elapsedSeconds([fakeStepMetrics(1, { time: 'never' })])).toBeUndefined()
    expect(elapsedSeconds([])).toBeUndefined()
  })

  it('leaves out how long a run lay still', () => {
    const at = (step: number, time: string) => fakeStepMetrics(step, { time, rollout_seconds: 0, train_seconds: 0 })
    const metrics = [
      at(1, '2026-01-01T00:00:00.000Z'),
      at(2, '2026-01-01T00:00:10.000Z'),
      at(3, '2026-01-02T00:00:30.000Z'),
    ]
    const starts = [
      { time: '2025-12-31T23:59:50.000Z', step: 0 },
      { time: '2026-01-02T00:00:05.000Z', step: 2 },
    ]
    // 10 s to step 2, and 25 s from the resumption to step 3.
    expect(elapsedSeconds(metrics, starts)).toBe(35)
    // A resumption from the same step before, which left no step of its own.
    const failed = { time: '2026-01-01T12:00:00.000Z', step: 2 }
    expect(elapsedSeconds(metrics, [starts[0], failed, starts[1]])).toBe(35)
  })
})
