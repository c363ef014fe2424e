/** What the control page shows of a run: target, entropy, thresholds, masked share, and the ledger, from the report's parts. */
import { summarizeLedger, summarizeTarget } from '../../train/control-summary.js'
import type { StepMetrics } from '../../train/events.js'
import { formatFixed, formatNumber, formatPercent, minus } from '../format.js'
import { type Html, toMarkup } from '../html/markup.js'
import { maskedShare, numberOf } from '../metrics.js'
import { ledgerIntro, ledgerScatter, ledgerTable } from '../pages/control-parts.js'
import { type MetricFigure, metricFigures } from '../pages/metric-figures.js'
import { changeScatter, dynamicsIntro } from '../pages/parts.js'
import { mean } from '../statistics.js'

export interface ControlFigure {
  id: string
  title: string
  unit?: string
  caption: string
  /** The curves: keys of the run's metrics, and what they are called here. */
  members: { key: string; name: string }[]
}

export interface ControlView {
  facts: { label: string; value: string; note?: string }[]
  control: { intro: string; figures: ControlFigure[]; parts: string[] }
  ledger: { intro: string; figures: ControlFigure[]; parts: string[] }
}

interface ControlledRun {
  metrics: readonly StepMetrics[]
  config: Record<string, unknown>
}

export function controlView({ metrics, config }: ControlledRun): ControlView {
  const keys = new Set(metrics.flatMap((line) => Object.keys(line)))
  const of = (group: string) =>
    metricFigures
      .filter((figure) => figure.group === group && figure.shownIn !== 'comparison')
      .filter(({ quantities }) => quantities.some((one) => !one.repeats && one.keys.some((key) => keys.has(key))))
      .map(asFigure)
      .map((figure) => ({ ...figure, members: figure.members.filter(({ key }) => keys.has(key)) }))
      .filter(({ members }) => members.length > 0)
  const [entropy] = metricFigures.filter(({ id }) => id === 'entropy')
  const dynamics = of('dynamics')
  // Entropy comes first; with a target it stands in the target's figure.
  const lead = entropy === undefined || dynamics.some(({ id }) => id === 'entropy-target') ? [] : [asFigure(entropy)]
  const run = { metrics: [...metrics] }
  const data = { name: '', style: 0, data: run } as unknown as Parameters<typeof changeScatter>[0][number]
  return {
    facts: facts(metrics, config),
    control: { intro: dynamicsIntro, figures: [...lead, ...dynamics], parts: markup([changeScatter([data])]) },
    ledger: {
      intro: ledgerIntro,
      figures: of('ledger'),
      parts: markup([ledgerScatter(data.data), ledgerTable(data.data)]),
    },
  }
}

const markup = (parts: readonly (Html | undefined)[]): string[] =>
  parts.flatMap((part) => (part === undefined ? [] : [toMarkup(part)]))

function asFigure({ id, title, unit, caption, quantities }: MetricFigure): ControlFigure {
  return {
    id,
    title,
    ...(unit === undefined ? {} : { unit }),
    caption,
    members: quantities.flatMap(({ name, keys }) => keys.map((key) => ({ key, name }))),
  }
}

function facts(metrics: readonly StepMetrics[], config: Record<string, unknown>): ControlView['facts'] {
  const entropy = (config.entropy ?? {}) as Record<string, unknown>
  const last = metrics.at(-1)
  const target = summarizeTarget(metrics)
  const ledger = summarizeLedger(metrics)
  const masked = mean(metrics.map(maskedShare))
  const list: (ControlView['facts'][number] | undefined)[] = [
    { label: 'Method', value: [entropy.method].flat().map(String).join(' + ') },
    ...['preset', 'muLow', 'muHigh', 'applyTo', 'maxFraction', 'statistics'].map((key) =>
      entropy[key] === undefined || entropy[key] === null ? undefined : { label: key, value: shown(entropy[key]) },
    ),
    last && { label: 'Entropy now', value: `${number(numberOf(last.entropy_nats))} nats`, note: `step ${last.step}` },
    target && {
      label: 'Target now',
      value: `${number(target.target)} nats`,
      note: `over the second half entropy was within ${number(target.distance)} (rms), ${number(Math.abs(target.bias))} ${target.bias < 0 ? 'below' : 'above'} it on average`,
    },
    target && {
      label: 'Masking fell short',
      value: formatPercent(target.short_fraction, 0),
      note: 'share of the updates',
    },
    masked === undefined
      ? undefined
      : {
          label: 'Masked tokens',
          value: formatPercent(last && maskedShare(last), 2),
          note: `last step; ${formatPercent(masked, 2)} over all steps`,
        },
    ledger && {
      label: 'Ledger: exact prediction',
      value: agreement(ledger.exact),
      note: `against the measured change, over ${ledger.steps} steps`,
    },
    ledger && { label: 'Ledger: by the logits', value: agreement(ledger.logit), note: 'against the measured change' },
  ]
  return list.filter((fact) => fact !== undefined)
}

const number = (value: number | undefined) => minus(formatNumber(value))
const shown = (value: unknown) => (value === Number.POSITIVE_INFINITY ? 'open' : String(value))

const agreement = ({ correlation, sign_agreement }: { correlation: number | null; sign_agreement: number }) =>
  `${correlation === null ? 'no correlation yet' : `correlation ${minus(formatFixed(correlation, 2))}`}, same sign ${formatPercent(sign_agreement, 0)}`
