import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fakeStepMetrics } from '../../../test/fake-run.js'
import { renderChart, renderSummaryChart, renderTable, sparkline } from './chart.js'
import { visibleLength } from './table.js'

const plain = { color: false, width: 40, height: 6, title: 'Entropy', yLabel: 'nats', xLabel: 'step' }

describe('renderChart', () => {
  it('draws a rising line from the lower left to the upper right', () => {
    const points = Array.from({ length: 33 }, (_, i) => [i, i] as const)
    const lines = renderChart({ ...plain, series: [{ name: 'a', points }] }).split('\n')
    expect(lines[0]).toBe('Entropy (nats)')
    const rows = lines.slice(1, 7)
    // Each row upwards begins further right; the last dot stands in the last of the 40 columns.
    const starts = rows.map((row) => row.search(/[\u2801-\u28ff]/))
    expect(starts).toEqual([...starts].sort((a, b) => b - a))
    expect(new Set(starts).size).toBe(6)
    expect(rows[0]).toHaveLength(40)
    // The gutter holds the axis' name; both ends of x are labelled.
    expect(starts[5]).toBe('step │'.length)
    expect(lines.at(-1)).toMatch(/^step {2}0 +20 +32$/)
  })

  it('tells several series apart without colour', () => {
    const series = ['first', 'second', 'third'].map((name, i) => ({
      name,
      points: Array.from({ length: 40 }, (_, x) => [x, i] as const),
    }))
    const chart = renderChart({ ...plain, width: 60, series })
    expect(chart).toContain('● first  ▲ second  ■ third')
    const body = chart.split('\n').slice(1, -2)
    for (const marker of ['●', '▲', '■']) {
      const rows = body.filter((line) => line.includes(marker))
      expect(rows).toHaveLength(1)
      expect(rows[0].split(marker).length - 1).toBeGreaterThan(2)
    }
  })

  it('breaks the line where a value is missing', () => {
    const chart = renderChart({
      ...plain,
      series: [{ name: 'a', points: [0, 1, 2, 3, 4].map((x) => [x, x === 2 ? Number.NaN : 1] as const) }],
    })
    const row = chart.split('\n').find((line) => /[\u2801-\u28ff]/.test(line))!
    expect(row).toMatch(/[\u2801-\u28ff] {8,}[\u2801-\u28ff]/)
  })

  it('says so where there is nothing to draw', () => {
    expect(renderChart({ ...plain, series: [] })).toBe('Entropy (nats)\n  no data yet')
    expect(renderChart({ ...plain, series: [{ name: 'a', points: [[Number.NaN, 1]] }] })).toContain('no data yet')
  })

  it('writes colours only when told to', () => {
    const series = [{ name: 'a', points: [[0, 0] as const, [1, 1] as const] }]
    expect(renderChart({ ...plain, series, color: true })).toContain('\x1b[')
    expect(renderChart({ ...plain, series })).not.toContain('\x1b')
  })

  it('fits its width and height whatever the points', () => {
    const value = fc.oneof(fc.double({ min: -1e9, max: 1e9 }), fc.constant(Number.NaN), fc.constant(0))
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), value), { maxLength: 30 }), { maxLength: 4 }),
        fc.integer({ min: 30, max: 120 }),
        fc.integer({ min: 2, max: 20 }),
        (lists, width, height) => {
          const series = lists.map((points, i) => ({
            name: `run ${i}`,
            points: points.sort(([a], [b]) => a - b),
          }))
          const lines = renderChart({ ...plain, width, height, series }).split('\n')
          for (const line of lines) expect(visibleLength(line)).toBeLessThanOrEqual(width)
          if (!lines[1].includes('no data')) {
            expect(lines.filter((line) => /[│┤]/.test(line))).toHaveLength(height)
          }
        },
      ),
    )
  })
})

describe('renderSummaryChart', () => {
  const metrics = Array.from({ length: 20 }, (_, i) => fakeStepMetrics(i + 1))

  it('stacks the charts in a narrow terminal and sets them side by side in a wide one', () => {
    expect(renderSummaryChart(metrics, 80).split('\n').length).toBeGreaterThan(20)
    const wide = renderSummaryChart(metrics, 120).split('\n')
    expect(visibleLength(wide[0])).toBeLessThanOrEqual(120)
    expect(wide[0]).toMatch(/Reward.*Entropy/)
  })
})

describe('sparkline', () => {
  it('maps values to blocks between their extremes', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█')
    expect(sparkline([1, Number.NaN, 2])).toBe('▁ █')
    expect(sparkline([5, 5])).toBe('▄▄')
    expect(sparkline([])).toBe('')
  })

  it('averages into the width', () => {
    // Bins (0, 2) and (8, 10): means 1 and 9.
    expect(sparkline([0, 2, 8, 10], 2)).toBe('▁█')
    expect(sparkline([1, 2, 3], 0)).toBe('')
  })
})

describe('renderTable', () => {
  it('aligns numbers to the right and text to the left', () => {
    expect(
      renderTable([
        ['run', 'reward', 'note'],
        ['GRPO', '0.51', 'a'],
        ['Clip_V', '–', 'long'],
        ['x', '12.5 %', ''],
      ]),
    ).toBe(
      [
        'run     reward  note',
        '──────  ──────  ────',
        'GRPO      0.51  a',
        'Clip_V       –  long',
        'x       12.5 %',
      ].join('\n'),
    )
    expect(renderTable([])).toBe('')
  })
})
