/** `tojson` as transformers defines it: Python's json.dumps, with non-ASCII text as it is unless `ensure_ascii`. */

import { bind, textOf, wholeOf } from './arguments.js'
import type { Budget } from './budget.js'
import { floatText, jsonText } from './text.js'
import {
  Bool,
  compareTexts,
  Float,
  Int,
  isDict,
  isSequence,
  isText,
  None,
  requireDefined,
  TemplateError,
  Text,
  text,
  truth,
  typeName,
  type Value,
} from './values.js'

interface Style {
  ascii: boolean
  /** Undefined: everything on one line. */
  indent?: string
  between: string
  behindKey: string
  sorted: boolean
}

export function toJson(value: Value, args: readonly Value[], budget: Budget): Value {
  const [ascii, indent, separators, sorted] = bind(
    'tojson',
    ['ensure_ascii?', 'indent?', 'separators?', 'sort_keys?'],
    args,
  )
  const pad =
    indent === undefined || indent instanceof None
      ? undefined
      : isText(indent)
        ? indent.value
        : ' '.repeat(Math.min(1000, Math.max(0, wholeOf('tojson', indent))))
  const style: Style = {
    ascii: ascii !== undefined && truth(ascii),
    indent: pad,
    between: pad === undefined ? ', ' : ',',
    behindKey: ': ',
    sorted: sorted !== undefined && truth(sorted),
  }
  if (separators !== undefined && !(separators instanceof None)) {
    if (!isSequence(separators) || separators.value.length !== 2) {
      throw new TemplateError('tojson: separators are two texts')
    }
    style.between = textOf('tojson', separators.value[0])
    style.behindKey = textOf('tojson', separators.value[1])
  }
  return text(written(value, style, '\n', budget))
}

function written(value: Value, style: Style, line: string, budget: Budget): string {
  budget.step()
  budget.enter()
  try {
    const shown = dumped(value, style, line, budget)
    budget.text(shown.length)
    return shown
  } finally {
    budget.leave()
  }
}

function dumped(value: Value, style: Style, line: string, budget: Budget): string {
  if (value instanceof None) return 'null'
  if (value instanceof Bool) return value.value ? 'true' : 'false'
  if (value instanceof Int) return String(value.value)
  if (value instanceof Float) return jsonNumber(value.value)
  if (value instanceof Text) return jsonText(value.value, style.ascii)
  const inner = line + (style.indent ?? '')
  const wrapped = (open: string, items: string[], close: string): string => {
    if (items.length === 0) return open + close
    if (style.indent === undefined) return open + items.join(style.between) + close
    return open + inner + items.join(style.between + inner) + line + close
  }
  if (isSequence(value)) {
    return wrapped(
      '[',
      value.value.map((item) => written(item, style, inner, budget)),
      ']',
    )
  }
  if (!isDict(value)) {
    requireDefined(value)
    throw new TemplateError(`Object of type ${typeName(value)} is not JSON serializable`)
  }
  const entries = Array.from(value.value)
  if (style.sorted) entries.sort(([a], [b]) => compareTexts(a, b))
  const items = entries.map(
    ([key, item]) => `${jsonText(key, style.ascii)}${style.behindKey}${written(item, style, inner, budget)}`,
  )
  return wrapped('{', items, '}')
}

function jsonNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? floatText(value) : value > 0 ? 'Infinity' : '-Infinity'
}
