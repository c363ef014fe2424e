import { describe, expect, it } from 'vitest'
import { summarizeLedger, summarizeTarget } from './control-summary.js'
import type { StepMetrics } from './events.js'

const lines = (list: Record<string, number>[]) => list.map((line, i) => ({ step: i + 1, ...line }) as StepMetrics)

describe('the summary of a ledger', () => {
  it('compares both predictions with the measured changes', () => {
    const ledger = [
      [-0.1, -0.2, -0.05],
      [0.1, 0.2, -0.1],
      [-0.2, -0.4, -0.3],
      [0, 0, 0.4],
    ].map(([ledger_measured_dH, ledger_pred_dH_exact, ledger_pred_dH_logit]) => ({
      ledger_measured_dH,
      ledger_pred_dH_exact,
      ledger_pred_dH_logit,
    }))
    const summary = summarizeLedger(lines([ledger[0], { entropy_nats: 1 }, ...ledger.slice(1)]))!
    expect(summary.steps).toBe(4)
    // exact = 2 x measured.
    expect(summary.exact.correlation).toBeCloseTo(1, 12)
    expect(summary.exact.slope).toBeCloseTo(0.5, 12)
    expect(summary.exact.sign_agreement).toBe(1)
    expect(summary.logit.sign_agreement).toBe(0.5)
    // sum xy / sum xx = (0.005 - 0.01 + 0.06) / (0.0025 + 0.01 + 0.09 + 0.16)
    expect(summary.logit.slope).toBeCloseTo(0.055 / 0.2625, 12)
  })

  it('has no correlation of two steps, and nothing without a ledger', () => {
    const two = { ledger_measured_dH: 1, ledger_pred_dH_exact: 1, ledger_pred_dH_logit: 0 }
    expect(summarizeLedger(lines([two, two]))).toMatchObject({
      exact: { correlation: null, slope: 1 },
      logit: { slope: null, sign_agreement: 0 },
    })
    expect(summarizeLedger(lines([{ entropy_nats: 1 }]))).toBeUndefined()
  })
})

describe('the summary of an entropy target', () => {
  it('is taken over the second half', () => {
    const base = { entropy_target: 0.5, setpoint_gain: 2 }
    const metrics = lines([
      { ...base, entropy_nats: 9, setpoint_short: 1 },
      { ...base, entropy_nats: 9, setpoint_short: 0 },
      { ...base, entropy_nats: 0.4, setpoint_short: 0 },
      { ...base, entropy_nats: 0.8, setpoint_short: 0, setpoint_gain: 3 },
    ])
    const summary = summarizeTarget(metrics)!
    expect(summary).toMatchObject({ target: 0.5, gain: 3, short_fraction: 0.25 })
    expect(summary.distance).toBeCloseTo(Math.sqrt((0.01 + 0.09) / 2), 12)
    expect(summary.bias).toBeCloseTo(0.1, 12)
    expect(summarizeTarget(lines([{ entropy_nats: 1 }]))).toBeUndefined()
  })
})
