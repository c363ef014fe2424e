/** The page and the terminal text that put several runs side by side. */
import { realDisk, replaceFile } from '../run/disk.js'
import { type FinalFigure, finalFigures } from './final-figures.js'
import { formatNumber } from './format.js'
import { type Html, html } from './html/markup.js'
import { renderPage } from './html/page.js'
import { renderHtmlTable } from './html/table.js'
import { metricFigures } from './metric-figures.js'
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
  passHistogram,
  present,
  problemList,
  type SampleGroup,
  sampleStrips,
  section,
  stepRange,
  wide,
} from './report-parts.js'
import { readRun } from './run-data.js'
import { readSamples } from './samples.js'
import { renderChart, renderTable } from './terminal-chart.js'
import { oneLine } from './terminal-text.js'

export interface ComparedRun {
  name: string
  directory: string
}

export interface ComparisonText {
  title: string
  intro: string
  notes: readonly string[]
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
  const named = readRuns(runs)
  const problems: string[] = []
  const samples: SampleGroup[] = []
  for (const run of named) {
    const chosen = await readSamples(
      run.data.directory,
      { files: 1, decodeToken: options.decodeToken, maxTokens: shownTokens },
      run.data.problems,
    )
    problems.push(...run.data.problems.map((problem) => `${run.name}: ${problem}`))
    samples.push({ title: `${run.name}, step ${chosen[0]?.step}`, samples: chosen })
  }
  replaceFile(realDisk, file, comparisonPage(named, samples, problems, extra, options.decodeToken !== undefined))
  return file
}

/**
 * Entropy and reward (and, where evaluated, the held-out problems) as terminal charts, and the final figures as a
 * table whose columns are the runs. Every line fits `width` where it is at least 40.
 * @throws UserError where a directory holds no run.
 */
export function renderComparison(runs: readonly ComparedRun[], width: number): string {
  const named = readRuns(runs)
  const sizes = new Set(named.flatMap(({ data }) => data.evals.map(({ samples }) => samples)))
  const k = sizes.size === 1 ? [...sizes][0] : 'K'
  const chart = (title: string, yLabel: string | undefined, points: (run: NamedRun) => [number, number][]) => {
    const series = named.map((run) => ({ name: run.name, points: points(run) }))
    if (series.every((one) => one.points.length === 0)) return undefined
    return renderChart({ title, yLabel, xLabel: 'step', width, height: 12, series })
  }
  return present([
    chart('Entropy', 'nats', ({ data }) => data.metrics.map((line) => [line.step, line.entropy_nats])),
    chart('Reward', 'mean of a step', ({ data }) => data.metrics.map((line) => [line.step, line.reward_mean])),
    chart(`Pass@${k}`, 'held out', ({ data }) => data.evals.map((line) => [line.step, line.pass_at_k])),
    ...comparisonTables(named, width),
  ]).join('\n\n')
}

function readRuns(runs: readonly ComparedRun[]): NamedRun[] {
  return runs.map(({ name, directory }, style) => ({ name, style, data: readRun(directory) }))
}

/** Labels of all runs' final figures, in their common order. */
function finalRows(runs: readonly NamedRun[]): { label: string; note: string; values: string[] }[] {
  const perRun = runs.map(({ data }) => finalFigures(data))
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
function comparisonTables(runs: readonly NamedRun[], width: number): string[] {
  const rows = finalRows(runs)
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
  runs: readonly NamedRun[],
  samples: readonly SampleGroup[],
  problems: readonly string[],
  extra: ComparisonText,
  decoded: boolean,
): string {
  const xRange = stepRange(runs.map(({ data }) => data))
  const constant: string[] = []
  const figures = metricFigures
    .filter(({ shownIn }) => shownIn !== 'run')
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
  const of = (...groups: string[]) => figures.filter(({ group }) => groups.includes(group)).map(({ markup }) => markup)
  return renderPage({
    title: extra.title,
    subtitle: extra.intro,
    lead: html`${notes(extra.notes)}${problemList(problems)}`,
    sections: present([
      section('figures', 'In numbers', finalTable(runs)),
      section('learning', 'Entropy and reward', figureGrid(of('learning').reverse())),
      section(
        'held-out',
        'Held-out problems',
        figureGrid([...evalFigures(runs, xRange), wide(histogram(runs))]),
        heldOutIntro,
      ),
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
        'samples',
        'Samples',
        sampleStrips(samples, decoded),
        'The best and the worst completion of the prompt whose rewards differ most, at the last step of each run. ' +
          colourHint,
      ),
    ]),
    footer: html`<p>Drag over a chart to zoom in, double-click to zoom out; with a chart focused, the arrow keys move its cursor; a run’s name in a legend hides it everywhere. Made by isentrope; this file needs no network.</p>`,
  })
}

function notes(list: readonly string[]): Html | undefined {
  return list.length === 0 ? undefined : html`<ul class="notes">${list.map((note) => html`<li>${note}</li>`)}</ul>`
}

function finalTable(runs: readonly NamedRun[]): Html | undefined {
  const rows = finalRows(runs)
  if (rows.length === 0) return undefined
  return renderHtmlTable({
    caption: 'Final figures of the runs',
    head: ['Quantity', ...runs.map(({ name }) => name)],
    rows: rows.map(({ label, note, values }) => ({ name: label, note, cells: values })),
  })
}

/** Each run's last evaluation, and before them the common start where the first run was evaluated at step 0. */
function histogram(runs: readonly NamedRun[]): Html | undefined {
  const start = runs[0]?.data.evals[0]
  const series = runs.map(({ name, style, data }) => ({ name, style, evaluation: data.evals.at(-1) }))
  const before = start?.step === 0 ? [{ name: 'before training', style: runs.length, evaluation: start }] : []
  return passHistogram(
    [...before, ...series],
    'How often each problem is solved, at each run’s last evaluation. Fewer problems at the two ends means that more is within reach.',
  )
}
