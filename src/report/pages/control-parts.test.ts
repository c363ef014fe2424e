import { describe, expect, it } from 'vitest'
import { fakeStepMetrics } from '../../../test/fake-run.js'
import { parsePage } from '../../../test/html.js'
import type { StepMetrics } from '../../train/events.js'
import { toMarkup } from '../html/markup.js'
import { ledgerScatter, ledgerTable } from './control-parts.js'
import type { RunData } from './run/data.js'

const run = (lines: Partial<StepMetrics>[]): RunData => ({
  directory: 'runs/x',
  name: 'x',
  metrics: lines.map((line, i) => fakeStepMetrics(i + 1, line)),
  evals: [],
  config: {},
  warnings: [],
  problems: [],
})
const ledgerLine = {
  ledger_pred_dH_exact: -0.5,
  ledger_pred_dH_logit: -0.25,
  ledger_measured_dH: -0.375,
  ledger_kept_positive_above: -0.75,
  ledger_kept_negative_below: 0.5,
  ledger_momentum: -0.25,
  ledger_remainder: 0,
}

describe('the ledger in a report', () => {
  it('is a table of mean shares, a share that a step lacks being 0', () => {
    const table = ledgerTable(run([ledgerLine, {}, { ...ledgerLine, ledger_masked_negative_below: 0.25 }]))
    const { elements, errors } = parsePage(`<!doctype html><title>Ledger</title>${toMarkup(table!)}`)
    expect(errors).toEqual([])
    const rows = elements
      .filter(({ name }) => name === 'tr')
      .map(({ children }) => children.map(({ text }) => text.replaceAll('−', '-')))
    const row = (name: string) => rows.find(([first]) => first.startsWith(name))?.slice(1)
    expect(row('A > 0, Sc > 0')).toEqual(['-0.75', '–'])
    expect(row('A < 0, Sc < 0')).toEqual(['0.5', '0.125'])
    expect(row('momentum')).toEqual(['-0.25', ''])
    expect(row('sum')).toEqual(['-0.5', ''])
    expect(row('A > 0, Sc < 0')).toBeUndefined()
    expect(row('entropy bonus')).toBeUndefined()
    expect(elements.find(({ name }) => name === 'caption')?.text).toContain('2 ledger steps')
  })

  it('is a scatter of both predictions against the measurement', () => {
    const text = toMarkup(ledgerScatter(run([ledgerLine, ledgerLine, {}]))!)
    expect(text).toContain('exact first order')
    expect(text).toContain('by the logits')
    expect(text.match(/step 1: predicted/g)).toHaveLength(2)
  })

  it('is not there without one', () => {
    expect(ledgerTable(run([{}, {}]))).toBeUndefined()
    expect(ledgerScatter(run([{}, {}]))).toBeUndefined()
  })
})
