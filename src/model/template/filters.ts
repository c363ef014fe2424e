/** Filters (`x | trim`) of one value, as jinja2 has them. list-filters.ts has those that look at each item. */

import { amountOf, bind, textOf, wholeOf } from './arguments.js'
import { dictItems } from './attributes.js'
import type { Budget } from './budget.js'
import { toJson } from './json.js'
import { listFilters } from './list-filters.js'
import { splitLines, strip } from './text.js'
import { capitalized, centered, codePoints, joinTexts, replaced } from './text-methods.js'
import { toFloat, toInteger } from './to-number.js'
import {
  Float,
  float,
  int,
  isDict,
  isText,
  isUndefined,
  Lazy,
  List,
  None,
  requireDefined,
  Safe,
  str,
  TemplateError,
  Text,
  text,
  truth,
  typeName,
  UnsupportedTemplate,
  type Value,
} from './values.js'

/** What a filter may use: limits, and other filters (`map` names one). */
export interface FilterContext {
  budget: Budget
  filter(name: string, value: Value, args: readonly Value[]): Value
}
export type Filter = (value: Value, args: readonly Value[], context: FilterContext) => Value

const onText =
  (name: string, compute: (self: string) => string): Filter =>
  (value, args, { budget }) => {
    bind(name, [], args)
    const self = str(value, budget)
    budget.text(self.length)
    return text(compute(self))
  }

const words = /[-\s({[<]+/

function titled(self: string): string {
  // Every run of these characters begins a word and stays as it is.
  return self
    .split(new RegExp(`(${words.source})`))
    .map((each, i) => (i % 2 === 1 ? each : upperFirst(each)))
    .join('')
}

function upperFirst(word: string): string {
  const [first = ''] = word
  return first.toUpperCase() + word.slice(first.length).toLowerCase()
}

const length: Filter = (value, args, { budget }) => {
  bind('length', [], args)
  if (isUndefined(value)) return int(0)
  if (value instanceof Text) {
    budget.text(value.value.length)
    return int(codePoints(value.value))
  }
  if (isDict(value)) return int(value.value.size)
  if (!(value instanceof List) || value instanceof Lazy) {
    throw new TemplateError(`object of type '${typeName(value)}' has no len()`)
  }
  return int(value.value.length)
}

const fallback: Filter = (value, args) => {
  const [other, falsy] = bind('default', ['default_value?', 'boolean?'], args)
  const missing = isUndefined(value) || (falsy !== undefined && truth(falsy) && !truth(value))
  return missing ? (other ?? text('')) : value
}

/** Python rounds a half to even, and looks at the number's exact value. */
function rounded(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 22) return value
  if (digits < 0) throw new UnsupportedTemplate('the filter `round` with a negative precision')
  const exact = Math.abs(value).toFixed(Math.min(100, digits + 60))
  const cut = exact.length - (Math.min(100, digits + 60) - digits)
  if (/^50*$/.test(exact.slice(cut))) {
    const low = exact.slice(0, cut).replace(/\.$/, '')
    if (Number(low.at(-1)) % 2 === 0) return Math.sign(value) * Number(low)
  }
  if (Math.abs(value) >= 1e21) return value
  const result = Number(Math.abs(value).toFixed(digits))
  return value < 0 || Object.is(value, -0) ? -result : result
}

const round: Filter = (value, args) => {
  const [precision, method] = bind('round', ['precision?', 'method?'], args)
  const digits = precision === undefined ? 0 : wholeOf('round', precision)
  const how = method === undefined ? 'common' : textOf('round', method)
  const number = amountOf('round', value)
  if (how === 'common') {
    if (value instanceof Float) return float(rounded(number, digits))
    if (digits < 0) throw new UnsupportedTemplate('the filter `round` with a negative precision')
    return int(number)
  }
  if (how !== 'ceil' && how !== 'floor') throw new TemplateError('method must be common, ceil or floor')
  return float((Math[how](number * 10 ** digits) || 0) / 10 ** digits)
}

const indent: Filter = (value, args, { budget }) => {
  const [width, first, blank] = bind('indent', ['width?', 'first?', 'blank?'], args)
  const pad =
    width === undefined
      ? '    '
      : isText(width)
        ? width.value
        : ' '.repeat(Math.min(1e6, Math.max(0, wholeOf('indent', width))))
  const lines = splitLines(`${textOf('indent', value)}\n`, false)
  const all = blank !== undefined && truth(blank)
  const padded = lines.map((line, i) => (i > 0 && (all || line !== '') ? pad + line : line))
  return text((first !== undefined && truth(first) ? pad : '') + joinTexts('\n', padded, budget))
}

const filters: Record<string, Filter> = {
  ...listFilters,
  upper: onText('upper', (self) => self.toUpperCase()),
  lower: onText('lower', (self) => self.toLowerCase()),
  capitalize: onText('capitalize', capitalized),
  title: onText('title', titled),
  string: onText('string', (self) => self),
  trim(value, args, { budget }) {
    const [characters] = bind('trim', ['chars?'], args)
    const self = str(value, budget)
    budget.text(self.length)
    return text(
      strip(self, characters === undefined || characters instanceof None ? undefined : textOf('trim', characters)),
    )
  },
  replace(value, args, { budget }) {
    const [old, fresh, count] = bind('replace', ['old', 'new', 'count?'], args)
    const times = count === undefined || count instanceof None ? -1 : wholeOf('replace', count)
    const self = str(value, budget)
    budget.text(self.length)
    const sought = str(old!, budget)
    budget.search(self.length, sought.length)
    return text(replaced(self, sought, str(fresh!, budget), times, budget))
  },
  center(value, args, { budget }) {
    const [width] = bind('center', ['width?'], args)
    const self = str(value, budget)
    const missing = Math.max(0, (width === undefined ? 80 : wholeOf('center', width)) - codePoints(self))
    budget.text(self.length + missing)
    return text(centered(self, missing, ' '))
  },
  indent,
  length,
  count: length,
  default: fallback,
  d: fallback,
  abs(value, args) {
    bind('abs', [], args)
    const size = Math.abs(amountOf('abs', value))
    return value instanceof Float ? float(size) : int(size)
  },
  round,
  int(value, args) {
    const [missing, base] = bind('int', ['default?', 'base?'], args)
    const whole = toInteger(value, base === undefined ? 10 : wholeOf('int', base))
    return whole === undefined ? (missing ?? int(0)) : int(whole)
  },
  float(value, args) {
    const [missing] = bind('float', ['default?'], args)
    const number = toFloat(value)
    return number === undefined ? (missing ?? float(0)) : float(number)
  },
  items(value, args, { budget }) {
    bind('items', [], args)
    if (isUndefined(value)) return new Lazy([])
    if (!isDict(value)) throw new TemplateError('Can only get item pairs from a mapping.')
    return new Lazy(dictItems(value, budget))
  },
  tojson: (value, args, { budget }) => toJson(value, args, budget),
  safe(value, args, { budget }) {
    bind('safe', [], args)
    return new Safe(str(value, budget))
  },
}

const refused = new Set(
  'attr e escape filesizeformat forceescape format groupby pprint random slice striptags truncate urlencode urlize wordcount wordwrap xmlattr'.split(
    ' ',
  ),
)

const ofSafe = new Set(['safe', 'length', 'count', 'default', 'd', 'tojson'])

/** @throws when there is no such filter, or jinja2 would raise */
export function runFilter(name: string, value: Value, args: readonly Value[], context: FilterContext): Value {
  if (refused.has(name)) throw new UnsupportedTemplate(`the filter \`${name}\``)
  if (!Object.hasOwn(filters, name)) throw new TemplateError(`there is no filter named '${name}'`)
  if (value instanceof Safe) {
    if (name === 'string' || name === 'trim') return new Safe(filters[name](value, args, context).value as string)
    if (!ofSafe.has(name)) requireDefined(value)
  }
  return filters[name](value, args, context)
}
