/** The page of one run: report.html in its directory. */
import { join } from 'node:path'
import { realDisk, replaceFile } from '../run/disk.js'
import { ledgerIntro, ledgerScatter, ledgerTable } from './control-parts.js'
import { finalFigures } from './final-figures.js'
import { formatNumber, minus } from './format.js'
import { type Html, html } from './html/markup.js'
import { renderPage } from './html/page.js'
import { renderHtmlTable } from './html/table.js'
import { type FigureGroup, furtherFigures, type MetricFigure, metricFigures, type Quantity } from './metric-figures.js'
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
  sampleStrips,
  section,
  stepRange,
  wide,
} from './report-parts.js'
import { type RunData, readRun, setting } from './run-data.js'
import { readSamples, type Sample } from './samples.js'

export interface ReportOptions {
  /** The tokenizer's text of one token; without it the samples show token ids. */
  decodeToken?: (id: number) => string
}

const shownTokens = 600

/**
 * Writes `report.html` into a run directory, atomically, and returns its path. The run may be unfinished.
 * @throws UserError where the directory holds no run.
 */
export async function writeRunReport(runDirectory: string, options: ReportOptions = {}): Promise<string> {
  const run = readRun(runDirectory)
  const samples = await readSamples(
    runDirectory,
    { files: 3, decodeToken: options.decodeToken, maxTokens: shownTokens },
    run.problems,
  )
  const path = join(runDirectory, 'report.html')
  replaceFile(realDisk, path, runReport(run, samples, options.decodeToken !== undefined))
  return path
}

/** The page as text. */
function runReport(run: RunData, samples: readonly Sample[], decoded: boolean): string {
  const xRange = stepRange([run])
  const { drawn, constant } = split([...metricFigures, ...furtherFigures(run.metrics)], run)
  const of = (...groups: FigureGroup[]) =>
    drawn
      .filter(({ group }) => groups.includes(group))
      .map((figure) =>
        metricFigure(
          figure,
          figure.quantities.map((quantity, style) => ({ name: quantity.name, style, metrics: run.metrics, quantity })),
          xRange,
        ),
      )
  const named: NamedRun = { name: run.name, style: 0, data: run }
  const steps = [...new Set(samples.map(({ step }) => step))]
  const strips = sampleStrips(
    steps.map((step) => ({ title: `Step ${step}`, samples: samples.filter((sample) => sample.step === step) })),
    decoded,
  )
  return renderPage({
    title: run.name,
    subtitle: subtitle(run),
    lead: html`${problemList(run.problems)}${tiles(run)}`,
    sections: present([
      section('learning', 'Reward and entropy', figureGrid(of('learning'))),
      section(
        'held-out',
        'Held-out problems',
        figureGrid([...evalFigures([named], xRange), wide(firstAndLastHistogram(run))]),
        heldOutIntro,
      ),
      section(
        'dynamics',
        'Entropy dynamics',
        figureGrid([...of('dynamics'), wide(changeScatter([named]))]),
        dynamicsIntro,
      ),
      section(
        'ledger',
        'Ledger',
        figureGrid([wide(ledgerScatter(run)), ...of('ledger'), wide(ledgerTable(run))]),
        ledgerIntro,
      ),
      section('update', 'Updates', figureGrid(of('update'))),
      section('completions', 'Completions', figureGrid(of('completions', 'speed'))),
      section(
        'samples',
        'Samples',
        strips,
        `The best and the worst completion of the prompt whose rewards differ most, at ${steps.length === 1 ? 'one step' : 'some steps'} of the run. ` +
          colourHint,
      ),
      section('settings', 'Settings', settings(run, constant)),
    ]),
    footer: footer(run),
  })
}

/** Quantities that never change say more in a table than in a chart. Reward and entropy are always drawn. */
function split(figures: readonly MetricFigure[], run: RunData) {
  const drawn: MetricFigure[] = []
  const constant: { name: string; value: string }[] = []
  for (const figure of figures.filter(({ shownIn }) => shownIn !== 'comparison')) {
    const values = figure.quantities.map((quantity) => constantValue([run], quantity))
    const absent = (quantity: Quantity) => run.metrics.every((line) => quantity.value(line) === undefined)
    const still = figure.quantities.every((quantity, i) => values[i] !== undefined || absent(quantity))
    if (figure.group === 'learning' || !still) {
      drawn.push(figure)
      continue
    }
    figure.quantities.forEach((quantity, i) => {
      if (values[i] === undefined) return
      const name = figure.quantities.length === 1 ? figure.title : `${figure.title}: ${quantity.name}`
      constant.push({ name: figure.unit ? `${name}, ${figure.unit}` : name, value: formatNumber(values[i]) })
    })
  }
  return { drawn, constant }
}

function firstAndLastHistogram({ evals }: RunData): Html | undefined {
  const [first, last] = [evals[0], evals.at(-1)]
  const both = first === last ? [last] : [first, last]
  return passHistogram(
    both.map((evaluation, style) => ({ name: `step ${evaluation?.step}`, style, evaluation })),
    'How often each problem is solved. Collapse shows as problems gathering at the two ends.',
  )
}

function subtitle(run: RunData): string | undefined {
  const method = setting(run, 'entropy.method')
  const bounds = ['muLow', 'muHigh'].flatMap((key) => {
    const value = setting(run, `entropy.${key}`)
    return value === undefined || method === 'none' ? [] : [`${key} ${value}`]
  })
  const parts = [
    setting(run, 'model'),
    setting(run, 'task.name'),
    [setting(run, 'algorithm.name'), method === 'none' ? undefined : method].filter(Boolean).join(' with ') ||
      undefined,
    ...bounds,
    setting(run, 'seed') && `seed ${setting(run, 'seed')}`,
  ]
  return present(parts.map((part) => part || undefined)).join(' · ') || undefined
}

function tiles(run: RunData): Html {
  if (run.metrics.length === 0) return html`<p class="notice">No step has ended yet.</p>`
  const entries = finalFigures(run).filter(({ headline }) => headline)
  return html`<dl class="tiles">${entries.map(
    ({ label, value, note }) =>
      html`<div><dt>${label}</dt><dd><div class="value">${minus(value)}</div><div class="note">${note}</div></dd></div>`,
  )}</dl>`
}

function settings(run: RunData, constant: readonly { name: string; value: string }[]): Html | undefined {
  const parts = present([
    constant.length > 0
      ? html`<h3>The same in every step</h3>${renderHtmlTable({
          caption: 'Quantities that are the same in every step',
          head: ['Quantity', 'Value'],
          rows: constant.map(({ name, value }) => ({ name, cells: [value] })),
        })}`
      : undefined,
    run.configText && html`<details><summary>config.yaml</summary><pre>${run.configText}</pre></details>`,
    run.environmentText &&
      html`<details><summary>environment.json</summary><pre>${run.environmentText}</pre></details>`,
  ])
  return parts.length === 0 ? undefined : html`${parts}`
}

function footer({ metrics }: RunData): Html {
  const last = metrics.at(-1)
  return html`<p>${last ? `Data up to step ${last.step}${typeof last.time === 'string' ? `, ${last.time}` : ''}. ` : ''}Drag over a chart to zoom in, double-click to zoom out; with a chart focused, the arrow keys move its cursor. Made by isentrope; this file needs no network.</p>`
}
