/** The page of one run: report.html in its directory. */
import { join } from 'node:path'
import { noneMethod } from '../../../entropy/methods/none.js'
import { realDisk, replaceFile } from '../../../run/store/disk.js'
import { formatNumber } from '../../format.js'
import { type Html, html } from '../../html/markup.js'
import { renderPage } from '../../html/page.js'
import { ledgerIntro, ledgerScatter, ledgerTable } from '../control-parts.js'
import { finalFigures } from '../final-figures.js'
import {
  type FigureGroup,
  furtherFigures,
  isRepetition,
  type MetricFigure,
  metricFigures,
  type Quantity,
} from '../metric-figures.js'
import {
  changeScatter,
  colourHint,
  concernList,
  constantValue,
  dynamicsIntro,
  evalFigures,
  figureGrid,
  footer,
  heldOutIntro,
  metricFigure,
  type NamedRun,
  passHistogram,
  present,
  problemList,
  sampleStrips,
  section,
  settings,
  stepRange,
  tileList,
  warningList,
  wide,
} from '../parts.js'
import { readSamples, type Sample } from '../samples.js'
import { isSupervised, sftReport } from '../sft.js'
import { type RunData, readRun, setting } from './data.js'

export interface ReportOptions {
  /** The tokenizer's text of one token; without it the samples show token ids. */
  decodeToken?: (id: number) => string
  /** The page's file; default: report.html in the run directory. */
  out?: string
}

const shownTokens = 600

/**
 * Writes a run's page, atomically, and returns its path. The run may be unfinished.
 * @throws UserError where the directory holds no run.
 */
export async function writeRunReport(runDirectory: string, options: ReportOptions = {}): Promise<string> {
  const run = readRun(runDirectory)
  const path = options.out ?? join(runDirectory, 'report.html')
  if (isSupervised(run)) {
    replaceFile(realDisk, path, sftReport(run))
    return path
  }
  const samples = await readSamples(
    runDirectory,
    { files: 6, decodeToken: options.decodeToken, maxTokens: shownTokens },
    run.problems,
  )
  replaceFile(realDisk, path, runReport(run, samples, options.decodeToken !== undefined))
  return path
}

/** The page as text. */
function runReport(run: RunData, samples: readonly Sample[], decoded: boolean): string {
  const xRange = stepRange([run])
  const figures = [...metricFigures, ...furtherFigures(run.metrics)].filter((one) => !isRepetition(one, run.metrics))
  const { drawn, constant } = split(figures, run)
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
    lead: html`${problemList(run.problems)}${concernList(run)}${warningList(run.warnings)}${tiles(run)}`,
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
        `The best, the worst, and the most masked completion of the prompt whose rewards differ most, at ${steps.length === 1 ? 'one step' : 'some steps'} of the run. ` +
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
      const name =
        figure.quantities.length === 1 || quantity.name === figure.title.toLowerCase()
          ? figure.title
          : `${figure.title}: ${quantity.name}`
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

/** `entropy.method` as a page shows it names no method. */
const isNone = (method: string | undefined) => method === noneMethod.name

function subtitle(run: RunData): string | undefined {
  const method = setting(run, 'entropy.method')
  const bounds = ['muLow', 'muHigh'].flatMap((key) => {
    const value = setting(run, `entropy.${key}`)
    return value === undefined || isNone(method) ? [] : [`${key} ${value}`]
  })
  const { target } = (run.config.entropy ?? {}) as { target?: unknown }
  const rank = setting(run, 'lora.rank')
  const parts = [
    setting(run, 'model'),
    setting(run, 'task.name'),
    [setting(run, 'algorithm.name'), isNone(method) ? undefined : method].filter(Boolean).join(' with ') || undefined,
    ...bounds,
    target !== undefined &&
      (typeof target === 'number' ? `target ${target} nats` : 'a target that changes over the run'),
    run.config.lora !== undefined && (rank === undefined ? 'LoRA' : `LoRA, rank ${rank}`),
    setting(run, 'seed') && `seed ${setting(run, 'seed')}`,
  ]
  return present(parts.map((part) => part || undefined)).join(' · ') || undefined
}

function tiles(run: RunData): Html {
  return tileList(
    run,
    finalFigures(run).filter(({ headline }) => headline),
  )
}
