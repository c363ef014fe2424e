/** Filters that look at each item: `map`, `select`, `sort`, `join`, and the like. */

import { bind, textOf, wholeOf } from './arguments.js'
import { dictItems, pathGetter } from './attributes.js'
import type { Budget } from './budget.js'
import type { Filter, FilterContext } from './filters.js'
import { operate } from './operators.js'
import { runTest } from './tests.js'
import { joinTexts } from './text-methods.js'
import {
  compare,
  int,
  isDict,
  isText,
  isUndefined,
  iterate,
  Keywords,
  Lazy,
  List,
  list,
  None,
  requireDefined,
  str,
  TemplateError,
  Text,
  text,
  truth,
  typeName,
  UnsupportedTemplate,
  undefinedValue,
  type Value,
} from './values.js'

const is = (flag: Value | undefined): boolean => flag !== undefined && truth(flag)

/** What items are compared by: an attribute, without the case of texts unless it counts. */
function keyOf(path: Value | undefined, caseSensitive: boolean, budget: Budget): (from: Value) => Value {
  const isPath = path !== undefined && !(path instanceof None)
  const get = isPath ? pathGetter(path, budget) : (from: Value) => from
  return (from) => {
    const key = get(from)
    return !caseSensitive && isText(key) ? text(key.value.toLowerCase()) : key
  }
}

/** `sort` compares lists of attributes, so equal ones never meet `<`. */
function keysOf(path: Value | undefined, caseSensitive: boolean, budget: Budget): (from: Value) => Value {
  const paths = path !== undefined && isText(path) ? path.value.split(',').map(text) : [path]
  const keys = paths.map((each) => keyOf(each, caseSensitive, budget))
  return (from) => list(keys.map((key) => key(from)))
}

/** Stable, and `reverse` keeps the order of equal items, as Python's sort. */
function sorted(items: Value[], key: (from: Value) => Value, reverse: boolean, budget: Budget): Value[] {
  const keyed = items.map((item) => ({ item, key: key(item) }))
  const sign = reverse ? -1 : 1
  keyed.sort((a, b) => {
    const before = compare(a.key, b.key, '<', budget)
    if (before === undefined) throw new UnsupportedTemplate('a sort of NaN')
    return sign * before
  })
  return keyed.map(({ item }) => item)
}

const extreme =
  (name: string, sign: number): Filter =>
  (value, args, { budget }) => {
    const [caseSensitive, attribute] = bind(name, ['case_sensitive?', 'attribute?'], args)
    const key = keyOf(attribute, is(caseSensitive), budget)
    let best: { item: Value; key: Value } | undefined
    for (const item of iterate(value, budget)) {
      const candidate = { item, key: key(item) }
      if (best === undefined || sign * compare(candidate.key, best.key, '<', budget)! < 0) best = candidate
    }
    return best?.item ?? undefinedValue('the extreme of an empty list')
  }

/** `map`, `select`, and `reject` take whatever is false for an empty list. */
const someItems = (value: Value, budget: Budget): Value[] => (truth(value) ? iterate(value, budget) : [])

/** `select`, `reject`, and both by an attribute. The first argument names a test; without it truth decides. */
const choosing =
  (name: string, wanted: boolean, byAttribute: boolean): Filter =>
  (value, args, { budget }) => {
    const positional = args.filter((arg) => !(arg instanceof Keywords))
    if (byAttribute && positional.length === 0) throw new TemplateError(`${name} lacks its attribute`)
    const get = byAttribute ? pathGetter(positional[0], budget) : (item: Value) => item
    const rest = args.slice(byAttribute ? 1 : 0)
    const test = rest.length === 0 || rest[0] instanceof Keywords ? undefined : textOf(name, rest[0])
    const passes = (item: Value): boolean => {
      budget.step()
      const each = get(item)
      return test === undefined ? truth(each) : runTest(test, each, rest.slice(1), budget)
    }
    return new Lazy(someItems(value, budget).filter((item) => passes(item) === wanted))
  }

function mapped(value: Value, args: readonly Value[], { budget, filter }: FilterContext): Value {
  const last = args.at(-1)
  const keywords = last instanceof Keywords ? last.value : undefined
  const path = keywords?.get('attribute')
  const items = someItems(value, budget)
  if (args[0] === last && path !== undefined) {
    for (const name of keywords!.keys()) {
      if (name !== 'attribute' && name !== 'default') throw new TemplateError(`Unexpected keyword argument '${name}'`)
    }
    const missing = keywords!.get('default')
    const get = pathGetter(path, budget, missing instanceof None ? undefined : missing)
    return new Lazy(items.map(get))
  }
  if (args.length === 0 || args[0] instanceof Keywords) throw new TemplateError('map requires a filter argument')
  const name = textOf('map', args[0])
  return new Lazy(
    items.map((item) => {
      budget.step()
      return filter(name, item, args.slice(1))
    }),
  )
}

function requireReversible(value: Value): void {
  if (
    value instanceof Lazy ||
    !(value instanceof List || isDict(value) || isUndefined(value) || value instanceof Text)
  ) {
    throw new TemplateError(`'${typeName(value)}' object is not reversible`)
  }
}

export const listFilters: Record<string, Filter> = {
  list(value, args, { budget }) {
    bind('list', [], args)
    return list(iterate(value, budget).slice())
  },
  first(value, args, { budget }) {
    bind('first', [], args)
    return iterate(value, budget)[0] ?? undefinedValue('the first of an empty list')
  },
  last(value, args, { budget }) {
    bind('last', [], args)
    requireReversible(value)
    return iterate(value, budget).at(-1) ?? undefinedValue('the last of an empty list')
  },
  reverse(value, args, { budget }) {
    bind('reverse', [], args)
    const reversed = iterate(value, budget).toReversed()
    if (value instanceof Lazy) return list(reversed)
    return isText(value) ? text(reversed.map((each) => each.value).join('')) : new Lazy(reversed)
  },
  join(value, args, { budget }) {
    const [separator, attribute] = bind('join', ['d?', 'attribute?'], args)
    const items = iterate(value, budget)
    const get = attribute === undefined || attribute instanceof None ? undefined : pathGetter(attribute, budget)
    const parts = items.map((item) => str(get?.(item) ?? item, budget))
    return text(joinTexts(separator === undefined ? '' : str(separator, budget), parts, budget))
  },
  sort(value, args, { budget }) {
    const [reverse, caseSensitive, attribute] = bind('sort', ['reverse?', 'case_sensitive?', 'attribute?'], args)
    return list(sorted(iterate(value, budget), keysOf(attribute, is(caseSensitive), budget), is(reverse), budget))
  },
  dictsort(value, args, { budget }) {
    const [caseSensitive, by, reverse] = bind('dictsort', ['case_sensitive?', 'by?', 'reverse?'], args)
    const what = by === undefined ? 'key' : textOf('dictsort', by)
    if (what !== 'key' && what !== 'value') throw new TemplateError('You can only sort by either "key" or "value"')
    requireDefined(value)
    if (!isDict(value)) throw new TemplateError(`'${typeName(value)}' object has no attribute 'items'`)
    const key = keyOf(int(what === 'key' ? 0 : 1), is(caseSensitive), budget)
    return list(sorted(dictItems(value, budget), key, is(reverse), budget))
  },
  unique(value, args, { budget }) {
    const [caseSensitive, attribute] = bind('unique', ['case_sensitive?', 'attribute?'], args)
    const key = keyOf(attribute, is(caseSensitive), budget)
    const seen = new Set<unknown>()
    const kept = iterate(value, budget).filter((item) => {
      const each = key(item)
      if (each instanceof List || isDict(each)) {
        throw new UnsupportedTemplate(`the filter \`unique\` of values of type ${typeName(each)}`)
      }
      const mark = isText(each)
        ? `text ${each.value}`
        : typeof each.value === 'boolean'
          ? Number(each.value)
          : each.value
      if (seen.has(mark)) return false
      seen.add(mark)
      return true
    })
    return new Lazy(kept)
  },
  min: extreme('min', 1),
  max: extreme('max', -1),
  sum(value, args, { budget }) {
    const [attribute, start] = bind('sum', ['attribute?', 'start?'], args)
    const get = attribute === undefined || attribute instanceof None ? undefined : pathGetter(attribute, budget)
    const first = start ?? int(0)
    if (isText(first)) throw new TemplateError("sum() can't sum strings")
    return iterate(value, budget).reduce((total, item) => operate('+', total, get?.(item) ?? item, budget), first)
  },
  batch(value, args, { budget }) {
    const [linecount, fill] = bind('batch', ['linecount', 'fill_with?'], args)
    const size = wholeOf('batch', linecount!)
    if (size < 1) throw new UnsupportedTemplate('the filter `batch` with a size below 1')
    const items = iterate(value, budget)
    const rows: Value[][] = []
    for (let i = 0; i < items.length; i += size) rows.push(items.slice(i, i + size))
    const last = rows.at(-1)
    if (last !== undefined && fill !== undefined && !(fill instanceof None)) {
      budget.items(size)
      while (last.length < size) last.push(fill)
    }
    return new Lazy(rows.map(list))
  },
  map: mapped,
  select: choosing('select', true, false),
  reject: choosing('reject', false, false),
  selectattr: choosing('selectattr', true, true),
  rejectattr: choosing('rejectattr', false, true),
}
