/** The catalogue as tables for the docs. */
import { sftEvalMetrics, sftMetrics } from '../sft/metrics.js'
import { families, topics } from './catalogue.js'
import { evalMetrics, evalText } from './evaluation.js'
import type { Metric, Metrics } from './metric.js'

type Row = [key: string, metric: Pick<Metric, 'unit' | 'caption' | 'better'>]

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('*', '\\*')

function table(rows: readonly Row[]): string {
  return [
    '| Key | Unit | Meaning | Better |',
    '|---|---|---|---|',
    ...rows.map(([key, { unit = '', caption, better = '' }]) =>
      [`| \`${key}\``, cell(unit), cell(evalText(caption)), `${better} |`].join(' | '),
    ),
  ].join('\n')
}

const rowsOf = (metrics: Metrics): Row[] => Object.entries(metrics)

/** The tables of docs/training.md. */
export function metricTables(): string {
  const bounded = topics.flatMap(({ metrics }) => rowsOf(metrics).filter(([, metric]) => (metric as Metric).bounded))
  return [
    ...topics.flatMap(({ title, metrics }) => [
      `### ${title}`,
      table([
        ...rowsOf(metrics),
        ...families.filter(({ topic }) => topic === title).map(({ key, metric }): Row => [key, metric]),
      ]),
    ]),
    'A backend that sees only the top of each distribution gives an interval, `KEY_low` and `KEY_high`, in place of ' +
      `${bounded.map(([key]) => `\`${key}\``).join(', ')}.`,
  ].join('\n\n')
}

/** The table of docs/evaluation.md. */
export const evalTable = (): string => table(rowsOf(evalMetrics))

/** The tables of docs/sft.md. */
export const sftTables = (): string =>
  [
    table(rowsOf(sftMetrics)),
    'A line of eval.jsonl has these numbers of the validation examples:',
    table(rowsOf(sftEvalMetrics)),
  ].join('\n\n')
