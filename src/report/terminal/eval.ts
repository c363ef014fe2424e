/** Evaluations as terminal text. */
import type { EvalResults } from '../../run/evaluate/results.js'
import { formatCounted, formatFixed, formatPercent, minus } from '../format.js'
import {
  type GroupDifference,
  groupDifferences,
  groupMeasurements,
  type MeasurementGroup,
  measurementsOfResults,
} from '../pages/eval/measurements.js'
import { headFigures, metricName, pValueText, signed, withInterval } from '../pages/eval/parts.js'
import { renderChart, renderTable } from './chart.js'
import { visibleLength } from './table.js'
import { hanging, oneLine, plainText, truncate, unbroken } from './text.js'

/** The figures of an evaluation: a table for each data set, Pass@K curves, and the differences. */
export function renderEvaluation(results: EvalResults, width: number): string {
  const names = results.models.map(({ name }) => name)
  const measured = measurementsOfResults(results, (name) => ({ name, style: names.indexOf(name) }))
  const groups = groupMeasurements(measured)
  return [
    ...groups.flatMap((group) => [dataTable(group, width), curveChart(group, width)]),
    differenceText(groupDifferences(groups), width),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n')
}

function dataTable(group: MeasurementGroup, width: number): string {
  const { label, problems, samples, members } = group
  const judged = members.some(({ pass }) => pass !== undefined)
  const title = `${oneLine(label, width)}: ${formatCounted(problems, 'problem')}, ${formatCounted(samples, 'sample')} each`
  const figures = [
    ['', ...headFigures(group).map(({ name }) => name), ...(judged ? [`maj@${samples}`] : [])],
    ...members.map((member) => [
      oneLine(member.method, 20),
      ...headFigures(group).map(({ of }) => of(member, 2)),
      ...(judged ? [withInterval(member.majority, member.majorityInterval, 2)] : []),
    ]),
  ]
  const lengths = [
    ['tokens', 'cut'],
    ...members.map(({ length, truncated }) => [formatFixed(length, 0), formatPercent(truncated)]),
  ]
  const whole = figures.map((row, i) => [...row, ...lengths[i]!])
  if (fits(renderTable(whole), width)) return `${title}\n${renderTable(whole)}`
  const apart = figures.map(([name], i) => [name!, ...lengths[i]!])
  return `${title}\n${fitting(figures, width)}\n\n${fitting(apart, width)}`
}

const fits = (table: string, width: number) => table.split('\n').every((line) => visibleLength(line) <= width)

/** The table where it fits, else a line for each cell. */
function fitting(rows: readonly string[][], width: number): string {
  const table = renderTable(rows)
  if (fits(table, width)) return table
  const [head, ...body] = rows
  const labels = Math.max(...head!.map(({ length }) => length))
  return body
    .flatMap(([name, ...cells]) => [
      truncate(name!, width),
      ...cells.map((cell, i) => truncate(`  ${head![i + 1]!.padEnd(labels)}  ${cell}`, width)),
    ])
    .join('\n')
}

function curveChart({ label, members }: MeasurementGroup, width: number): string | undefined {
  const series = members.flatMap(({ method, curve }) =>
    curve === undefined ? [] : [{ name: method, points: curve.map(({ k, pass_at_k }) => [k, pass_at_k] as const) }],
  )
  const values = new Set(series.flatMap(({ points }) => points.map(([, value]) => value)))
  if (values.size < 2) return undefined
  return renderChart({
    title: `Pass@K on ${oneLine(label, 60)}`,
    xLabel: 'K',
    width: Math.min(width, 80),
    height: 8,
    series,
  })
}

/** What differs between methods on the same problems, one line each. */
export function differenceText(differences: readonly GroupDifference[], width: number): string | undefined {
  if (differences.length === 0) return undefined
  const lines = differences.map(({ label, a, b, metric, samples, difference, interval, p_value }) => {
    const range = unbroken(`(95 % ${interval.map((end) => minus(signed(end))).join(' to ')},`)
    const chance = unbroken(`p ${p_value < 0.001 ? '' : '= '}${pValueText(p_value)})`)
    const found = `${label}, ${metricName(metric, samples)}: ${b} minus ${a} ${unbroken(`is ${minus(signed(difference))}`)}`
    return hanging('- ', plainText(`${found} ${range} ${chance}`), width)
  })
  return ['Differences, problem by problem', ...lines].join('\n')
}

/** Methods by rows, Avg@K and Pass@K by columns: the paper's table, one for each data set. */
export function paperText(groups: readonly MeasurementGroup[], width: number): string[] {
  return groups.map((group) => {
    const figures = headFigures(group)
    const rows = group.members.map((member) => [oneLine(member.method, 28), ...figures.map(({ of }) => of(member))])
    return `${oneLine(group.label, width)}\n${fitting([['', ...figures.map(({ name }) => name)], ...rows], width)}`
  })
}
