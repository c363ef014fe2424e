/** The page and the terminal text that put several runs side by side. */
import { realDisk, replaceFile } from '../../../run/store/disk.js'
import { concernsOf, concernText, healthFacts } from '../../../train/health/health.js'
import { formatNumber } from '../../format.js'
import { type Html, html } from '../../html/markup.js'
import { renderPage } from '../../html/page.js'
import { renderHtmlTable } from '../../html/table.js'
import { renderChart, renderTable } from '../../terminal/chart.js'
import { differenceText, paperText } from '../../terminal/eval.js'
import { oneLine, plainText, wrap } from '../../terminal/text.js'
import { groupDifferences, groupMeasurements, type MeasurementGroup, mismatches } from '../eval/measurements.js'
import { curveFigures, differenceIntro, differenceTable, intervalHint, paperTable, rateFigures } from '../eval/parts.js'
import { type FinalFigure, finalFigures } from '../final-figures.js'
import { isRepetition, metricFigures } from '../metric-figures.js'
import {
  changeScatter,
  colourHint,
  constantValue,
  dynamicsIntro,
  evalFigures,
  figureGrid,
  heldOutIntro,
  metricFigure,
  type NamedRun,
  present,
  problemList,
  type SampleGroup,
  sampleStrips,
  section,
  stepRange,
  wide,
} from '../parts.js'
import { readSamples } from '../samples.js'
import { readSharedSamples } from '../shared-samples.js'
import { differingSettings, settingNotes } from './differing-settings.js'
import { type ComparedSources, readCompared } from './sources.js'

export interface ComparedRun {
  /** Default: the directory's own. */
  name?: string
  directory: string
}

export interface ComparisonText {
  title: string
  intro: string
  notes: readonly string[]
  /** Tells a newcomer what to look at. The page then begins with the curves, and the notes come behind them. */
  story?: string
}

export interface ComparisonOptions {
  /** The tokenizer's text of one token; without it the samples show token ids. */
  decodeToken?: (id: number) => string
}

const shownTokens = 400

/**
 * Writes a page that compares runs to `file`, atomically, and returns its path.
 * @throws UserError where a directory holds no run.
 */
export async function writeComparisonReport(
  runs: readonly ComparedRun[],
  file: string,
  extra: ComparisonText,
  options: ComparisonOptions = {},
): Promise<string> {
  const sources = readCompared(runs)
  const named = sources.runs
  const problems: string[] = []
  const samples = await sampleGroups(named, options, problems)
  for (const { name, data } of named) problems.push(...data.problems.map((problem) => `${name}: ${problem}`))
  replaceFile(realDisk, file, comparisonPage(sources, samples, problems, extra, options.decodeToken !== undefined))
  return file
}

/** The same prompt under each run, step by step; of runs that have none in common, samples of each run's last step. */
async function sampleGroups(
  runs: readonly NamedRun[],
  { decodeToken }: ComparisonOptions,
  problems: string[],
): Promise<SampleGroup[]> {
  const options = { decodeToken, maxTokens: shownTokens }
  const shared =
    runs.length < 2
      ? []
      : await readSharedSamples(
          runs.map(({ data }) => data.directory),
          options,
          problems,
        )
  if (shared.length > 0) {
    return shared.map(({ step, promptId, runs: samples }) => ({
      title: `Step ${step}, problem ${promptId}`,
      samples: samples.flat(),
      columns: samples.map((own, i) => ({ title: runs[i]!.name, samples: own })),
    }))
  }
  const groups: SampleGroup[] = []
  for (const { name, data } of runs) {
    const chosen = await readSamples(data.directory, { files: 1, ...options }, data.problems)
    groups.push({ title: `${name}, step ${chosen[0]?.step}`, samples: chosen })
  }
  return groups
}

/**
 * Entropy and reward (and, where evaluated, the held-out problems) as terminal charts, the final figures as a table
 * whose columns are the runs, the paper's table and the differences. Every line fits `width` where it is at least 40.
 * @throws UserError where a directory holds neither a run nor an evaluation.
 */
export function renderComparison(compared: readonly ComparedRun[], width: number): string {
  const { runs, measurements } = readCompared(compared)
  const groups = groupMeasurements(measurements)
  const chart = (
    title: string,
    yLabel: string | undefined,
    points: (run: NamedRun) => [number, number][],
    shown: readonly NamedRun[] = runs,
  ) => {
    const series = shown.map((run) => ({ name: run.name, points: points(run) }))
    if (series.every((one) => one.points.length === 0)) return undefined
    return renderChart({ title, yLabel, xLabel: 'step', width, height: 12, series })
  }
  return present([
    chart('Entropy', 'nats', ({ data }) => data.metrics.map((line) => [line.step, line.entropy_nats])),
    chart('Reward', 'mean of a step', ({ data }) => data.metrics.map((line) => [line.step, line.reward_mean])),
    ...groups.map((group) => {
      const own = runsOf(group, runs)
      // A single series has no legend.
      const whose = own.length === 1 && runs.length > 1 ? ` of ${own[0].name}` : ''
      return chart(
        `Pass@${group.samples}${whose} on ${group.label}`,
        undefined,
        ({ data }) => data.evals.flatMap(({ step, pass_at_k: pass }) => (pass === undefined ? [] : [[step, pass]])),
        own,
      )
    }),
    ...(runs.length > 0 ? comparisonTables(runs, groups, width) : []),
    ...paperText(groups, width),
    differenceText(groupDifferences(groups), width),
    ...comparisonNotes(runs, groups).map((note) => wrap(`! ${plainText(note)}`, width).join('\n')),
  ]).join('\n\n')
}

/** The runs, not the evaluations, among a group's members. */
const runsOf = ({ members }: MeasurementGroup, runs: readonly NamedRun[]): NamedRun[] =>
  runs.filter(({ name }) => members.some(({ method, step }) => method === name && step !== undefined))

/** What keeps figures apart, and what else of the runs is not the same. */
export function comparisonNotes(runs: readonly NamedRun[], groups: readonly MeasurementGroup[]): string[] {
  const steps = groups.flatMap(({ label, members }) => {
    const ends = members.filter(({ step, start }) => step !== undefined && !start)
    if (new Set(ends.map(({ step }) => step)).size < 2) return []
    return [
      `${label}: last measured at different steps: ${ends.map(({ method, step }) => `${method} ${step}`).join(', ')}.`,
    ]
  })
  return [...mismatches(groups), ...steps, ...settingNotes(differingSettings(runs), runs)]
}

/**
 * Labels of all runs' final figures, in their common order. Held-out figures stand in one row only where they were
 * measured alike; else the paper's table has them.
 */
function finalRows(
  runs: readonly NamedRun[],
  groups: readonly MeasurementGroup[],
): { label: string; note: string; values: string[] }[] {
  const alike = groups.filter((group) => runsOf(group, runs).length > 0).length < 2
  const perRun = runs.map(({ data }) => finalFigures(data).filter(({ note }) => alike || !note.includes('held')))
  const order: FinalFigure[] = []
  for (const figures of perRun) {
    figures.forEach((figure, i) => {
      if (order.some(({ label }) => label === figure.label)) return
      const before = order.findIndex(({ label }) => label === figures[i - 1]?.label)
      order.splice(before + 1, 0, figure)
    })
  }
  return order.map(({ label, note }) => ({
    label,
    note,
    values: perRun.map((figures) => figures.find((figure) => figure.label === label)?.value ?? '–'),
  }))
}

/** As many runs beside each other as fit, the others in further tables. */
function comparisonTables(runs: readonly NamedRun[], groups: readonly MeasurementGroup[], width: number): string[] {
  const rows = finalRows(runs, groups)
  const labelWidth = Math.max(...rows.map(({ label }) => label.length))
  const columnWidth = Math.max(...rows.flatMap(({ values }) => values.map((value) => value.length)), 12) + 2
  const beside = Math.max(1, Math.floor((width - labelWidth) / columnWidth))
  const tables: string[] = []
  for (let from = 0; from < runs.length; from += beside) {
    const names = runs.slice(from, from + beside).map(({ name }) => oneLine(name, columnWidth - 2))
    tables.push(
      renderTable([['', ...names], ...rows.map(({ label, values }) => [label, ...values.slice(from, from + beside)])]),
    )
  }
  return tables
}

function comparisonPage(
  { runs, measurements }: ComparedSources,
  samples: readonly SampleGroup[],
  problems: readonly string[],
  extra: ComparisonText,
  decoded: boolean,
): string {
  const groups = groupMeasurements(measurements)
  const xRange = stepRange(runs.map(({ data }) => data))
  const constant: string[] = []
  const figures = metricFigures
    .filter(({ shownIn }) => shownIn !== 'run')
    .filter(
      (figure) =>
        !isRepetition(
          figure,
          runs.flatMap(({ data }) => data.metrics),
        ),
    )
    .flatMap((figure) =>
      figure.quantities.flatMap((quantity) => {
        const value = constantValue(
          runs.map(({ data }) => data),
          quantity,
        )
        if (value !== undefined && figure.group !== 'learning') {
          constant.push(`${figure.title} (${formatNumber(value)})`)
          return []
        }
        const single = figure.quantities.length === 1
        return {
          group: figure.group,
          markup: metricFigure(
            {
              ...figure,
              id: single ? figure.id : `${figure.id}-${quantity.keys.join('-')}`,
              title: single ? figure.title : quantity.name,
            },
            runs.map(({ name, style, data }) => ({ name, style, metrics: data.metrics, quantity })),
            xRange,
          ),
        }
      }),
    )
  const concerns = runs.flatMap(({ name, data }) =>
    concernsOf(data.metrics, healthFacts(data.config)).map((concern) => `${name}: ${concernText(concern)}.`),
  )
  const of = (...groups: string[]) => figures.filter(({ group }) => groups.includes(group)).map(({ markup }) => markup)
  const noted = notes([...extra.notes, ...comparisonNotes(runs, groups), ...concerns])
  const leadFigures = figureGrid([...of('learning').reverse(), ...heldOutFigures(runs, groups, xRange)])
  const side = samples.some(({ columns }) => columns !== undefined)
  const sampleSection = section(
    'samples',
    side ? 'The same prompt under each method' : 'Samples',
    sampleStrips(samples, decoded),
    `${
      side
        ? 'Of each run the completion with the most masked tokens and the best one; choose a step to see how they change. '
        : 'The best and the worst completion of the prompt whose rewards differ most, at the last step of each run. '
    }${colourHint}`,
  )
  return renderPage({
    title: extra.title,
    subtitle: extra.intro,
    lead: html`${extra.story === undefined && noted}${problemList(problems)}`,
    sections: present([
      ...(extra.story === undefined ? [] : [section('learning', 'What happened', leadFigures, extra.story)]),
      ...(extra.story === undefined ? [] : [section('seen', 'What was seen', noted)]),
      ...(extra.story === undefined ? [] : [sampleSection]),
      section('figures', 'In numbers', finalTable(runs, groups)),
      section('table', 'Avg@K and Pass@K', paperTable(groups), intervalHint(groups)),
      section('differences', 'Differences', differenceTable(groupDifferences(groups)), differenceIntro),
      ...(extra.story === undefined
        ? [
            section('learning', 'Entropy and reward', figureGrid(of('learning').reverse())),
            section('held-out', 'Held-out problems', figureGrid(heldOutFigures(runs, groups, xRange)), heldOutIntro),
          ]
        : []),
      section('curves', 'More samples', curveFigures(groups)),
      section('rates', 'How often each problem is solved', rateFigures(groups)),
      section(
        'dynamics',
        'Entropy dynamics',
        figureGrid([...of('dynamics'), wide(changeScatter(runs))]),
        dynamicsIntro,
      ),
      section(
        'training',
        'Updates and lengths',
        figureGrid(of('update', 'completions')),
        constant.length > 0
          ? `Not drawn, as it is the same in every step of every run: ${constant.join(', ')}.`
          : undefined,
      ),
      section(
        'settings',
        'Settings that differ',
        settingsTable(runs),
        'Keys of the recipes in which the runs are not alike; all others are.',
      ),
      ...(extra.story === undefined ? [sampleSection] : []),
    ]),
    footer: html`<p>Drag over a chart to zoom in, double-click to zoom out; with a chart focused, the arrow keys move its cursor; a run’s name in a legend hides it everywhere. Made by isentrope; this file needs no network.</p>`,
  })
}

function notes(list: readonly string[]): Html | undefined {
  return list.length === 0 ? undefined : html`<ul class="notes">${list.map((note) => html`<li>${note}</li>`)}</ul>`
}

/** A run's curves beside those of runs that were evaluated alike. */
function heldOutFigures(
  runs: readonly NamedRun[],
  groups: readonly MeasurementGroup[],
  xRange: readonly [number, number],
): Html[] {
  const shown = groups.flatMap((group) => {
    const own = runsOf(group, runs)
    return own.length > 0 ? [{ label: group.label, own }] : []
  })
  return shown.flatMap(({ label, own }, i) =>
    evalFigures(own, xRange, shown.length > 1 ? { id: String(i + 1), label } : undefined),
  )
}

function settingsTable(runs: readonly NamedRun[]): Html | undefined {
  const differing = differingSettings(runs)
  if (differing.length === 0) return undefined
  return renderHtmlTable({
    caption: 'Settings in which the runs differ',
    head: ['Setting', ...runs.map(({ name }) => name)],
    rows: differing.map(({ key, values }) => ({ name: key, cells: values })),
  })
}

function finalTable(runs: readonly NamedRun[], groups: readonly MeasurementGroup[]): Html | undefined {
  const rows = finalRows(runs, groups)
  if (rows.length === 0) return undefined
  return renderHtmlTable({
    caption: 'Final figures of the runs',
    head: ['Quantity', ...runs.map(({ name }) => name)],
    rows: rows.map(({ label, note, values }) => ({ name: label, note, cells: values })),
  })
}
