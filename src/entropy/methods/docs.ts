/** The table of docs/methods.md, from what the methods declare. `npm run docs` writes it; a test holds the page current. */
import type { AnyGroup, EntropyMethod } from './method.js'
import { methods, schemaOf } from './recipe-keys.js'

const valueText = (value: unknown): string => {
  if (value === Number.POSITIVE_INFINITY) return '.inf'
  return typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value)
}

/** Keys with their defaults, the first with its section: `adaptive.target 0.2, delta 1e-4`. Flat keys stand alone. */
function optionsText(group: AnyGroup): string {
  const { shape } = schemaOf(group)
  if (group.flat) return Object.keys(shape).join(', ')
  return Object.entries(schemaOf(group).parse({}))
    .map(([key, value], i) => `${i === 0 ? `${group.key}.` : ''}${key} ${valueText(value)}`)
    .join(', ')
}

const row = ({ name, summary, options, reads = '', source }: EntropyMethod): string => {
  const cells = [name, summary, options ? optionsText(options) : reads, source]
  return `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell.replaceAll('|', '\\|')} `)).join('|')}|`
}

export const methodsTable = (): string =>
  ['| name | what it does | options, with defaults | source |', '|---|---|---|---|', ...methods.map(row)].join('\n')
