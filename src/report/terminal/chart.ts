/**
 * Line charts for terminals, in Braille dots. Several series are told apart twice: by colour where there is colour,
 * and by a marker of their own that sits on the line at intervals and in the legend.
 */
import pc from 'picocolors'
import type { StepMetrics } from '../../train/events.js'
import { extent, mean, type Point } from '../statistics.js'
import { formatTicks, showable, ticksWithin } from '../ticks.js'
import { createBrailleCanvas } from './braille.js'
import { visibleLength } from './table.js'
import { oneLine } from './text.js'

export { sparkline } from './sparkline.js'
export { renderTable } from './table.js'

export interface ChartSeries {
  name: string
  points: readonly Point[]
}

export interface TerminalChart {
  title: string
  series: readonly ChartSeries[]
  /** Columns of the whole chart, axis and labels included. */
  width: number
  /** Rows of the plot, without title, legend and axis. */
  height: number
  yLabel?: string
  xLabel?: string
  /** Default: whether this process may write colours to a terminal (NO_COLOR and the like). */
  color?: boolean
}

const markers = ['●', '▲', '■', '◆', '○', '△', '□', '◇']
const markerSpacing = 14

/** The chart as lines of text, each at most `width` columns; a line of text where no point is finite. */
export function renderChart(chart: TerminalChart): string {
  const colors = pc.createColors(chart.color ?? pc.isColorSupported)
  const palette = [colors.cyan, colors.yellow, colors.magenta, colors.green, colors.red, colors.blue]
  const paint = (text: string, series: number) => palette[series % palette.length](text)
  const heading =
    colors.bold(oneLine(chart.title, chart.width)) + (chart.yLabel ? colors.dim(` (${chart.yLabel})`) : '')

  const points = chart.series.flatMap((series) => series.points.filter(isFinitePoint))
  const rangeX = extent(points.map(([x]) => x))
  const rangeY = extent(points.map(([, y]) => y))
  if (rangeX === undefined || rangeY === undefined) return `${heading}\n  no data yet`

  const [low, high] = padded(rangeY)
  const ticksY = enoughTicks(low, high, Math.max(2, Math.floor(chart.height / 3)))
  const labelsY = formatTicks(ticksY)
  const gutter = Math.max(chart.xLabel?.length ?? 0, ...labelsY.map((label) => label.length)) + 1
  const columns = Math.max(4, chart.width - gutter - 1)
  const canvas = createBrailleCanvas(columns, chart.height)

  const [left, right] = rangeX
  const toX = (x: number) => Math.round((left < right ? (x - left) / (right - left) : 0.5) * (canvas.width - 1))
  const toY = (y: number) => Math.round(((high - y) / (high - low)) * (canvas.height - 1))
  chart.series.forEach((series, index) => {
    const dots = toDots(series.points, toX, toY)
    drawLine(canvas, dots, index)
    if (chart.series.length > 1) drawMarkers(canvas, dots, index, chart.series.length)
  })

  const tickRows = new Map(ticksY.map((tick, i) => [toY(tick) >> 2, labelsY[i]]))
  const body = canvas.rows(paint).map((row, index) => {
    const label = tickRows.get(index)
    const axis = label === undefined ? `${' '.repeat(gutter)}│` : `${label.padStart(gutter - 1)} ┤`
    return colors.dim(axis) + row.trimEnd()
  })
  const legend =
    chart.series.length > 1 ? chart.series.map((s, i) => paint(`${markerOf(i)} ${oneLine(s.name, 32)}`, i)) : []
  return [
    ...headingWithLegend(heading, legend, chart.width),
    ...body,
    ...axisX(left, right, toX, columns, gutter, chart.xLabel).map((line) => colors.dim(line)),
  ].join('\n')
}

/** Reward and entropy of a run: side by side where the terminal is wide enough, else one below the other. */
export function renderSummaryChart(metrics: readonly StepMetrics[], width: number): string {
  const beside = width >= 110
  const chart = (title: string, yLabel: string | undefined, key: 'reward_mean' | 'entropy_nats') =>
    renderChart({
      title,
      yLabel,
      xLabel: 'step',
      width: beside ? Math.floor((width - 4) / 2) : Math.max(20, width),
      height: beside ? 12 : 8,
      series: [{ name: title, points: metrics.map((m) => [m.step, m[key]] as const) }],
    })
  const charts = [chart('Reward', 'mean of a step', 'reward_mean'), chart('Entropy', 'nats', 'entropy_nats')]
  return beside ? besideEachOther(charts[0], charts[1], Math.floor((width - 4) / 2)) : charts.join('\n\n')
}

type Dot = readonly [x: number, y: number] | undefined

function isFinitePoint([x, y]: Point): boolean {
  return Number.isFinite(x) && Number.isFinite(y)
}

function markerOf(index: number): string {
  return markers[index % markers.length]
}

/** Points as dots, one per dot column (the mean of those that share it); undefined breaks the line. */
function toDots(points: readonly Point[], toX: (x: number) => number, toY: (y: number) => number): Dot[] {
  const dots: Dot[] = []
  let column: number | undefined
  let shared: number[] = []
  const flush = () => {
    if (column !== undefined) dots.push([column, toY(mean(shared)!)])
    column = undefined
    shared = []
  }
  for (const point of points) {
    if (!isFinitePoint(point)) {
      flush()
      dots.push(undefined)
      continue
    }
    const x = toX(point[0])
    if (x !== column) flush()
    column = x
    shared.push(point[1])
  }
  flush()
  return dots
}

function drawLine(canvas: ReturnType<typeof createBrailleCanvas>, dots: readonly Dot[], index: number): void {
  dots.forEach((dot, i) => {
    if (dot === undefined) return
    const before = dots[i - 1] ?? dot
    canvas.line(before[0], before[1], dot[0], dot[1], index)
  })
}

/** A marker every so many columns, each series at columns of its own, and one on the last point. */
function drawMarkers(
  canvas: ReturnType<typeof createBrailleCanvas>,
  dots: readonly Dot[],
  index: number,
  count: number,
): void {
  const present = dots.filter((dot) => dot !== undefined)
  const last = present.at(-1)
  if (last !== undefined) canvas.mark(last[0], last[1], markerOf(index), index)
  let next = Math.round(((index + 0.5) * markerSpacing * 2) / count)
  for (const [x, y] of present) {
    if (x < next) continue
    canvas.mark(x, y, markerOf(index), index)
    while (next <= x) next += markerSpacing * 2
  }
}

function headingWithLegend(heading: string, legend: readonly string[], width: number): string[] {
  if (legend.length === 0) return [heading]
  const beside = legend.join('  ')
  const gap = width - visibleLength(heading) - visibleLength(beside)
  if (gap >= 2) return [heading + ' '.repeat(gap) + beside]
  const lines = [heading]
  for (const entry of legend) {
    const last = lines.at(-1)!
    if (lines.length > 1 && visibleLength(last) + visibleLength(entry) + 2 <= width) {
      lines[lines.length - 1] = `${last}  ${entry}`
    } else lines.push(entry)
  }
  return lines
}

/** A little room above and below the data. */
function padded([min, max]: readonly [number, number]): [low: number, high: number] {
  const [low, high] = showable(min, max)
  const room = low === min && high === max ? (max - min) * 0.02 : 0
  return [low - room, high + room]
}

/** At least two ticks, so that a reader can tell the scale. */
function enoughTicks(low: number, high: number, count: number): number[] {
  for (let more = count; more < count + 8; more++) {
    const ticks = ticksWithin(low, high, more)
    if (ticks.length >= 2) return ticks
  }
  return [low, high]
}

/** The axis line with its ticks; below it their labels, and in the gutter the axis' name. */
function axisX(
  left: number,
  right: number,
  toX: (x: number) => number,
  columns: number,
  gutter: number,
  name = '',
): string[] {
  const whole = Number.isInteger(left) && Number.isInteger(right)
  const inner = left < right ? ticksWithin(left, right, Math.max(2, Math.floor(columns / 12)), whole) : [left]
  const line = [...' '.repeat(gutter), '└', ...'─'.repeat(columns)]
  const text = [...name.padStart(gutter - 1), ...' '.repeat(columns + 2)]
  const put = (tick: number, label: string) => {
    const column = gutter + 1 + (toX(tick) >> 1)
    const start = Math.min(column - (label.length >> 1), gutter + 1 + columns - label.length)
    const taken = text.slice(Math.max(gutter, start - 2), start + label.length + 2).some((char) => char !== ' ')
    if (taken) return
    line[column] = '┬'
    text.splice(start, label.length, ...label)
  }
  // The ends first: a reader wants to know where the data begin and stop.
  for (const end of whole ? [left, right] : []) put(end, String(end))
  const labels = formatTicks(inner)
  for (const [i, tick] of inner.entries()) put(tick, labels[i])
  return [line.join(''), text.join('').trimEnd()]
}

function besideEachOther(a: string, b: string, width: number): string {
  const [left, right] = [a.split('\n'), b.split('\n')]
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => {
    const line = left[i] ?? ''
    return `${line}${' '.repeat(Math.max(0, width - visibleLength(line)))}    ${right[i] ?? ''}`.trimEnd()
  }).join('\n')
}
