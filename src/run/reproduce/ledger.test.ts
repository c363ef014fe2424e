import { describe, expect, it } from 'vitest'
import { agreements, pairsWith, pairsWithin, predictedPairs } from './ledger.js'
import { correlation } from './measures.js'
import type { RunRecord } from './types.js'

const line = (step: number, update: number, cov_A_rSc: number, ledger_measured_dH: number) => ({
  step,
  update,
  policy_tokens: 1,
  cov_A_Sc: 0,
  cov_A_rSc,
  ratio_max: 1,
  ledger_measured_dH,
})
const run: RunRecord = {
  seed: 1,
  steps: [],
  evaluations: [],
  ledger: [
    line(1, 0, 9, 9),
    line(1, 1, 1, -3),
    line(1, 2, 3, -5),
    line(2, 0, 9, 9),
    line(2, 1, 5, 4),
    line(2, 2, 7, 2),
  ],
}

describe('pairs of prediction and measurement', () => {
  it('have the minus sign of Corollary C.2.1, and leave out the first update where asked', () => {
    expect(pairsWith('cov_A_rSc', 1)(run)).toEqual([
      [-1, -3],
      [-3, -5],
      [-5, 4],
      [-7, 2],
    ])
    expect(pairsWith('cov_A_rSc')(run)).toHaveLength(6)
  })

  it('within a batch are taken off the means of their batch', () => {
    const pairs = pairsWithin('cov_A_rSc', 1)(run)
    expect(pairs).toEqual([
      [1, 1],
      [-1, -1],
      [1, 1],
      [-1, -1],
    ])
    // Over both batches prediction and measurement run against each other, within each they agree.
    expect(correlation(pairs)).toBeCloseTo(1, 12)
    expect(correlation(pairsWith('cov_A_rSc', 1)(run))!).toBeLessThan(0)
  })
})

describe('predictions of the whole step', () => {
  const entry = (exact: number, logit: number, change: number) => ({
    ledger_pred_dH_exact: exact,
    ledger_pred_dH_logit: logit,
    ledger_measured_dH: change,
  })
  const entries = [entry(1, -1, 2), entry(-2, 1, -4), entry(3, 1, 6), {}]
  const run = {
    steps: entries.map((values, i) => ({ step: i + 1, ...values })),
    ledger: entries.slice(0, 3).map((values) => ({ ...line(1, 0, 0, 0), ...values })),
    evaluations: [],
  } as unknown as RunRecord

  it('are paired with what was measured', () => {
    expect(predictedPairs('logit')(run)).toEqual([
      [-1, 2],
      [1, -4],
      [1, 6],
    ])
  })

  it('are summed up by correlation, signs beyond chance and slope', () => {
    const [correlation, signs, slope] = agreements('exact').map((measure) => measure.of(run))
    expect(correlation).toBeCloseTo(1, 12)
    expect([signs, slope]).toEqual([0.5, 2])
    // Signs agree in one of three; through the origin (-1 * 2 + 1 * -4 + 1 * 6) / 3 = 0.
    expect(
      agreements('logit')
        .map((measure) => measure.of(run))
        .slice(1),
    ).toEqual([1 / 3 - 0.5, 0])
  })

  it('are absent in a run without a ledger', () => {
    const none = { ...run, steps: [{ step: 1 }] } as unknown as RunRecord
    expect(agreements('exact').map((measure) => measure.of(none))).toEqual([undefined, undefined, undefined])
  })
})
