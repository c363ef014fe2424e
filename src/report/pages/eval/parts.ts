/** The parts that the page of an evaluation and the comparison of runs are put together from. */

import { formatFixed, formatPercent, minus } from '../../format.js'
import { barFigure } from '../../html/bar-figure.js'
import { lineFigure } from '../../html/line-figure.js'
import { type Html, html } from '../../html/markup.js'
import { styleCount } from '../../html/swatch.js'
import { renderHtmlTable } from '../../html/table.js'
import { figureGrid, present, wide } from '../parts.js'
import type { GroupDifference, Measurement, MeasurementGroup } from './measurements.js'

type Interval = readonly [number, number] | undefined

/** `0.412 (0.380–0.447)`; without the interval where there is none. `decimals` are those of the interval. */
export function withInterval(value: number | undefined, interval: Interval, decimals = 3): string {
  if (value === undefined) return '–'
  if (interval === undefined) return formatFixed(value, 3)
  return `${formatFixed(value, 3)} (${interval.map((end) => formatFixed(end, decimals)).join('–')})`
}

/** What a group's members are compared by: Avg@K and Pass@K, or the reward where the task gives no verdict. */
export function headFigures({
  samples,
  members,
}: MeasurementGroup): { name: string; of: (member: Measurement | undefined, decimals?: number) => string }[] {
  if (members.every(({ pass }) => pass === undefined)) {
    return [{ name: 'Reward', of: (member) => withInterval(member?.reward, member?.rewardInterval) }]
  }
  return [
    { name: `Avg@${samples}`, of: (member, decimals) => withInterval(member?.avg, member?.avgInterval, decimals) },
    { name: `Pass@${samples}`, of: (member, decimals) => withInterval(member?.pass, member?.passInterval, decimals) },
  ]
}

export const pValueText = (p: number): string => (p < 0.001 ? '< 0.001' : formatFixed(p, 3))

export const metricName = (metric: GroupDifference['metric'], samples: number): string =>
  `${metric === 'avg_at_k' ? 'Avg' : 'Pass'}@${samples}`

/**
 * Methods by rows, Avg@K and Pass@K of each data set by columns: the paper's table. Where a data set was measured under
 * several conditions, each group has a table of its own.
 */
export function paperTable(groups: readonly MeasurementGroup[]): Html | undefined {
  if (groups.length === 0) return undefined
  if (groups.every(({ data, label }) => data === label)) return oneTable(groups, ({ data }) => `${data} `)
  return html`${groups.map((group) => html`<h3>${group.label}</h3>${oneTable([group], () => '')}`)}`
}

function oneTable(groups: readonly MeasurementGroup[], prefix: (group: MeasurementGroup) => string): Html {
  return renderHtmlTable({
    caption: 'Avg@K and Pass@K of each method on each data set',
    head: ['Method', ...groups.flatMap((group) => headFigures(group).map(({ name }) => `${prefix(group)}${name}`))],
    rows: methodsOf(groups).map((method) => ({
      name: method,
      note: stepNote(groups, method),
      cells: groups.flatMap((group) => {
        const found = group.members.find((member) => member.method === method)
        return headFigures(group).map(({ of }) => of(found))
      }),
    })),
  })
}

const methodsOf = (groups: readonly MeasurementGroup[]): string[] => [
  ...new Set(groups.flatMap(({ members }) => members.map(({ method }) => method))),
]

function stepNote(groups: readonly MeasurementGroup[], method: string): string | undefined {
  const steps = groups.flatMap(({ members }) => members.filter((member) => member.method === method))
  const known = [...new Set(steps.map(({ step }) => step).filter((step) => step !== undefined))]
  return known.length === 0 ? undefined : `at step ${known.join(', ')}`
}

/** One line for each method and data set: everything that has one number. */
export function measurementTable(groups: readonly MeasurementGroup[]): Html | undefined {
  if (groups.length === 0) return undefined
  const rows = groups.flatMap((group) => group.members.map((member) => ({ group, member })))
  const withReward = rows.some(({ member }) => member.pass === undefined)
  return renderHtmlTable({
    caption: 'Every model on every data set',
    head: [
      'Model',
      'Avg@K',
      'Pass@K',
      'maj@K',
      'Never',
      'Always',
      ...(withReward ? ['Reward'] : []),
      'Tokens',
      'Cut',
      'Nats',
    ],
    rows: rows.map(({ group, member }) => ({
      name: member.method,
      note: `${group.label}: ${member.problems} problems, K = ${member.samples}`,
      cells: [
        withInterval(member.avg, member.avgInterval),
        withInterval(member.pass, member.passInterval),
        withInterval(member.majority, member.majorityInterval),
        formatPercent(member.histogram?.[0]),
        formatPercent(member.histogram?.at(-1)),
        ...(withReward ? [withInterval(member.reward, member.rewardInterval)] : []),
        formatFixed(member.length, 0),
        formatPercent(member.truncated),
        formatFixed(member.entropy, 3),
      ],
    })),
  })
}

/** Differences between methods on the same problems. */
export function differenceTable(differences: readonly GroupDifference[]): Html | undefined {
  if (differences.length === 0) return undefined
  return renderHtmlTable({
    caption: 'Differences on the same problems',
    head: ['Compared', 'Figure', 'Difference', '95 % interval', 'p'],
    rows: differences.map(({ label, a, b, metric, samples, difference, interval, p_value }) => ({
      name: `${b} minus ${a}`,
      note: label,
      cells: [
        metricName(metric, samples),
        signed(difference),
        interval.map((end) => minus(signed(end))).join(' to '),
        pValueText(p_value),
      ],
    })),
  })
}

export const signed = (value: number): string => `${value > 0 ? '+' : ''}${formatFixed(value, 3)}`

/** Pass@K and maj@K over K, a figure for each data set. */
export function curveFigures(groups: readonly MeasurementGroup[]): Html | undefined {
  const figures = groups.flatMap((group, index) => {
    const members = group.members.filter(({ curve }) => curve !== undefined && curve.length > 1)
    if (members.length === 0) return []
    const figure = (kind: 'pass_at_k' | 'maj_at_k', title: string, caption: string) =>
      lineFigure({
        id: `${kind}-${index}`,
        title: `${title} on ${group.label}`,
        caption,
        xLabel: 'K',
        xRange: [1, group.samples],
        marks: true,
        include: [0, ...(members.every(({ pass = 0, majority = 0 }) => pass + majority === 0) ? [1] : [])],
        series: members.map(({ method, style, curve }) => ({
          name: method,
          style,
          points: curve!.flatMap((point) => (point[kind] === undefined ? [] : [[point.k, point[kind]] as const])),
        })),
      })
    return [
      figure('pass_at_k', 'Pass@K', 'The chance that one of K samples is right, unbiased, over the problems.'),
      figure(
        'maj_at_k',
        'maj@K',
        'The chance that the most frequent answer of K samples is right; among ties each wins alike.',
      ),
    ]
  })
  return figureGrid(present(figures))
}

/** More bars than these are put together to ten parts and the two ends. */
const mostBars = 16

/** Pass rates side by side, a figure for each data set: the paper's figure. */
export function rateFigures(groups: readonly MeasurementGroup[]): Html | undefined {
  return figureGrid(
    groups.map((group, index) => {
      const figure = rateFigure(group, index)
      return group.members.length > 2 ? wide(figure) : figure
    }),
  )
}

function rateFigure({ label, samples, members }: MeasurementGroup, index: number): Html | undefined {
  const known = members.flatMap(({ method, style, histogram }) =>
    histogram?.length === samples + 1 ? [{ method, style, histogram }] : [],
  )
  if (known.length === 0) return undefined
  const parted = samples > mostBars
  return barFigure({
    id: index === 0 ? 'pass-rates' : `pass-rates-${index + 1}`,
    title: `Pass rates on ${label}`,
    caption:
      'How many problems are solved how often. Problems at the two ends teach nothing: none or all of their samples are right.',
    labels: parted ? partLabels : Array.from({ length: samples + 1 }, (_, solved) => String(solved)),
    xLabel: parted ? `samples solved of ${samples}, %` : `samples solved, of ${samples}`,
    yLabel: 'share of problems',
    series: known.map(({ method, style, histogram }) => ({
      name: method,
      style: style % styleCount,
      values: parted ? parts(histogram) : histogram,
    })),
  })
}

const partLabels = ['0', ...Array.from({ length: 10 }, (_, i) => `${i * 10}–`), '100']

/** The shares of none, of the ten parts between, and of all. */
function parts(histogram: readonly number[]): number[] {
  const samples = histogram.length - 1
  const values = new Array<number>(12).fill(0)
  histogram.forEach((share, solved) => {
    const part = solved === 0 ? 0 : solved === samples ? 11 : 1 + Math.floor((solved * 10) / samples)
    values[part]! += share
  })
  return values
}

export const intervalHint = (groups: readonly MeasurementGroup[]): string => {
  const few = groups.filter(({ problems }) => problems < 30)
  const caution =
    few.length === 0
      ? ''
      : ` ${few.map(({ label, problems }) => `${label} has ${problems}`).join(', ')}: an interval over so few problems is too narrow.`
  return `In brackets the 95 % interval over the choice of problems, by the bootstrap.${caution}`
}

export const columnHint =
  'Never, always: problems that no sample solves, and all. Tokens: mean length. Cut: completions that ran into the limit. ' +
  'Nats: mean entropy of a token.'

export const differenceIntro =
  'The same problems with the same random numbers, so that what is hard for both cancels. The interval is the bootstrap’s ' +
  'over problems; p is of a two-sided sign-flip test of no difference, not corrected for the number of comparisons.'
