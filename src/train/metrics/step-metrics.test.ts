import { describe, expect, it } from 'vitest'
import { fakeCompletion } from '../../../test/fake-run.js'
import { parseRecipe } from '../../recipe/index.js'
import type { GradedCompletion } from '../events.js'
import type { StepReport } from '../step-report.js'
import { stepMetrics } from './step-metrics.js'

function graded(
  prompt: number,
  entropies: number[],
  reward: number,
  finish: 'stop' | 'length' = 'stop',
): GradedCompletion {
  const entry = fakeCompletion(entropies, reward)
  return { ...entry, completion: { ...entry.completion, prompt, finish } }
}

const reportOf = (policyTokens: number, changes: Partial<StepReport>): StepReport =>
  ({
    policyTokens,
    covASc: 0,
    covARSc: 0,
    predictedKept: 0,
    predictedMasked: 0,
    masked: 0,
    maskedLow: 0,
    maskedHigh: 0,
    ratioMax: 1,
    clipped: 0,
    loss: 0,
    gradNorm: 0,
    seconds: 1,
    trainedTokens: 0,
    masks: [],
    control: {},
    warnings: [],
    ledger: {},
    entropyState: {},
    ...changes,
  }) as StepReport

const batch = [
  graded(0, [1, 2, 3], 1),
  graded(0, [4], 0, 'length'),
  graded(1, [2, 2], 0.5),
  graded(1, [0, 0, 0, 2], 0.5, 'length'),
]

const metricsOf = (reports: StepReport[], method: 'none' | 'clip-b' = 'clip-b') =>
  stepMetrics({
    step: 3,
    lr: 0.1,
    graded: batch,
    statistics: { promptTokens: 4, completionTokens: 10, seconds: 2, edgeDraws: 1 },
    reports,
    recipe: parseRecipe({
      model: 'm',
      task: { name: 't' },
      entropy: method === 'none' ? {} : { method, muLow: 1 },
    }),
  })

describe('the metrics of a step', () => {
  it('say what was sampled and graded', () => {
    // Rewards 1, 0, 1/2, 1/2: mean 1/2, population variance (1/4 + 1/4) / 4. Entropies sum to 16 over 10 tokens.
    expect(metricsOf([])).toMatchObject({
      step: 3,
      reward_mean: 0.5,
      reward_std: Math.sqrt(1 / 8),
      zero_signal_fraction: 0.5,
      entropy_nats: 1.6,
      lr: 0.1,
      completion_tokens: 10,
      completion_length_mean: 2.5,
      truncated_fraction: 0.5,
      rollout_seconds: 2,
      rollout_tokens_per_s: 5,
      edge_draws: 1,
    })
    expect(metricsOf([])).not.toHaveProperty('loss')
    expect(metricsOf([])).not.toHaveProperty('sampling_cut_mass')
  })

  it('join several updates by their policy tokens', () => {
    const reports = [
      reportOf(30, {
        loss: 1,
        masked: 3,
        maskedLow: 3,
        clipped: 6,
        ratioMax: 1.5,
        predictedKept: 0.1,
        klSum: 3,
        logprobGapMax: 1e-6,
      }),
      reportOf(10, {
        loss: 5,
        masked: 1,
        maskedLow: 1,
        clipped: 0,
        ratioMax: 1.2,
        predictedKept: 0.5,
        klSum: 1,
        seconds: 3,
      }),
    ]
    expect(metricsOf(reports)).toMatchObject({
      loss: 2,
      masked_low_fraction: 0.1,
      masked_high_fraction: 0,
      ppo_clip_fraction: 0.15,
      ratio_max: 1.5,
      pred_dH_kept: expect.closeTo(0.2, 12),
      kl_nats: 0.1,
      logprob_gap_max: 1e-6,
      train_seconds: 4,
      train_tokens_per_s: 10,
    })
  })

  it('leave out what does not apply, or was not finite', () => {
    const line = metricsOf([reportOf(10, { gradNorm: Number.NaN, predictedKept: Number.NaN })], 'none')
    for (const key of [
      'grad_norm',
      'pred_dH_kept',
      'pred_dH_masked',
      'masked_low_fraction',
      'kl_nats',
      'logprob_gap_max',
    ]) {
      expect(line).not.toHaveProperty(key)
    }
    // A skipped update does not count in the mean of those that were made.
    const both = metricsOf([reportOf(10, { gradNorm: Number.NaN }), reportOf(10, { gradNorm: 3 })])
    expect(both.grad_norm).toBe(3)
  })
})
