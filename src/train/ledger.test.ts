import { describe, expect, it } from 'vitest'
import type { LedgerReading } from './backend.js'
import { type LedgerTokens, ledgerClass, ledgerMetrics } from './ledger.js'

const reading: LedgerReading = {
  entropyBefore: 1.25,
  entropyAfter: 1.125,
  exact: -0.1,
  momentum: -0.02,
  decay: 0.01,
  gradient: -0.089,
}
// One token of each class, one of them masked, one without advantage that a KL term pushes, one that is not the policy's.
const tokens: LedgerTokens = {
  advantage: [1, 2, -1, -2, 0, 0, 9],
  S: [0.5, 0.1, 0.5, 0.1, 0.4, 0.4, 9],
  expectedS: [0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0],
  isPolicyToken: [1, 1, 1, 1, 1, 1, 0],
  mask: [1, 1, 0, 1, 1, 1, 1],
  slope: [0.25, 0.5, -0.25, -0.5, 0, 0.125, 9],
  bonus: [0, 0, 0, 0, 0, 0, 0],
  along: {
    logprob: Float64Array.of(-0.4, 0.1, -0.2, 0.3, 0.7, 0.08, 9),
    entropy: Float64Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 9),
  },
}
const taken = (metrics: Record<string, number>) =>
  Object.entries(metrics)
    .filter(([name]) => !/ledger_(pred|measured|masked)/.test(name))
    .reduce((sum, [, value]) => sum + value, 0)

describe('a line of the ledger', () => {
  it('has predictions, measurement and rows that sum to the exact prediction', () => {
    const metrics = ledgerMetrics(reading, -0.03, tokens)
    expect(metrics).toMatchObject({
      ledger_pred_dH_logit: -0.03,
      ledger_pred_dH_exact: -0.1,
      ledger_measured_dH: -0.125,
      ledger_kept_positive_above: 0.25 * -0.4,
      ledger_kept_positive_below: 0.5 * 0.1,
      ledger_masked_negative_above: -0.25 * -0.2,
      ledger_kept_negative_below: -0.5 * 0.3,
      ledger_kept_no_advantage: 0.125 * 0.08,
      ledger_momentum: -0.02,
      ledger_decay: 0.01,
    })
    expect(metrics).not.toHaveProperty('ledger_bonus')
    expect(metrics).not.toHaveProperty('ledger_kept_negative_above')
    expect(taken(metrics)).toBeCloseTo(-0.1, 12)
  })

  it('has a row for an entropy bonus, on every policy token', () => {
    const metrics = ledgerMetrics(reading, 0, { ...tokens, bonus: new Array(7).fill(0.5) })
    expect(metrics.ledger_bonus).toBeCloseTo(0.5 * (0.1 + 0.2 + 0.3 + 0.4 + 0.5 + 0.6), 12)
    expect(taken(metrics)).toBeCloseTo(-0.1, 12)
  })

  it('has the gradient in one row where the tokens’ derivatives are missing, and no row of a decay that is not there', () => {
    const metrics = ledgerMetrics({ ...reading, decay: 0 }, 0, { ...tokens, along: undefined })
    expect(Object.keys(metrics).sort()).toEqual([
      'ledger_gradient',
      'ledger_measured_dH',
      'ledger_momentum',
      'ledger_pred_dH_exact',
      'ledger_pred_dH_logit',
      'ledger_remainder',
    ])
    expect(taken(metrics)).toBeCloseTo(-0.1, 12)
  })

  it('tells tokens apart by the signs of advantage and centred score', () => {
    expect([
      ledgerClass(1, 0.1),
      ledgerClass(1, -0.1),
      ledgerClass(-1, 0),
      ledgerClass(-1, -0.1),
      ledgerClass(0, 1),
    ]).toEqual(['positive_above', 'positive_below', 'negative_above', 'negative_below', 'no_advantage'])
  })
})
