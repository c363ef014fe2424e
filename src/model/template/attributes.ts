/** Attributes and items of values, as jinja2's sandbox finds them. */

import { bind, textOf } from './arguments.js'
import type { Budget } from './budget.js'
import { otherTextMethods, textMethods } from './text-methods.js'
import {
  bool,
  Callable,
  Dict,
  equal,
  Float,
  Int,
  int,
  integerOf,
  isDict,
  isText,
  List,
  list,
  Namespace,
  None,
  none,
  Range,
  requireDefined,
  TemplateError,
  Text,
  Tuple,
  text,
  UnsupportedTemplate,
  undefinedValue,
  type Value,
  View,
} from './values.js'

/** The variable `loop` of one iteration. */
export class Loop extends Namespace {
  override type = 'LoopValue'
  #changed: { last?: Value[] }
  readonly #items: Value[]
  readonly #index: number
  readonly #budget: Budget

  constructor(items: Value[], index: number, changed: { last?: Value[] }, budget: Budget) {
    super(new Map())
    this.#items = items
    this.#index = index
    this.#changed = changed
    this.#budget = budget
  }

  attribute(name: string): Value | undefined {
    const [items, i] = [this.#items, this.#index]
    switch (name) {
      case 'index':
        return int(i + 1)
      case 'index0':
        return int(i)
      case 'revindex':
        return int(items.length - i)
      case 'revindex0':
        return int(items.length - i - 1)
      case 'first':
        return bool(i === 0)
      case 'last':
        return bool(i === items.length - 1)
      case 'length':
        return int(items.length)
      case 'depth':
        return int(1)
      case 'depth0':
        return int(0)
      case 'previtem':
        return items[i - 1] ?? undefinedValue('loop.previtem')
      case 'nextitem':
        return items[i + 1] ?? undefinedValue('loop.nextitem')
      case 'cycle':
        return new Callable((args) => {
          if (args.length === 0) throw new TemplateError('no items for cycling given')
          return args[i % args.length]
        })
      case 'changed':
        return new Callable((args) => {
          const { last } = this.#changed
          this.#changed.last = args
          return bool(last?.length !== args.length || args.some((arg, k) => !equal(arg, last[k], this.#budget)))
        })
    }
    return undefined
  }
}

const changing = new Set(
  'append clear extend insert pop remove reverse sort popitem setdefault update __setitem__'.split(' '),
)
const ofNumbers = new Set(
  'as_integer_ratio bit_count bit_length conjugate denominator from_bytes fromhex hex imag is_integer numerator real to_bytes'.split(
    ' ',
  ),
)
const ofRanges = new Set(['start', 'stop', 'step', 'index', 'count'])
const ofDicts = new Set([
  'get',
  'items',
  'keys',
  'values',
  'copy',
  'clear',
  'fromkeys',
  'pop',
  'popitem',
  'setdefault',
  'update',
])

export function dictItems(value: Value<Map<string, Value>>, budget: Budget): Value[] {
  budget.values(3 * value.value.size)
  return Array.from(value.value, ([key, item]) => new Tuple([text(key), item]))
}

function dictMethod(self: Value<Map<string, Value>>, name: string, args: Value[], budget: Budget): Value {
  const { value } = self
  if (name === 'get') {
    const [key, missing] = bind('get', ['/key', '/default?'], args)
    if (key instanceof List || key instanceof Dict) throw new TemplateError('unhashable key')
    return (isText(key!) ? value.get(key.value) : undefined) ?? missing ?? none
  }
  if (name === 'fromkeys') throw new UnsupportedTemplate('dict.fromkeys')
  bind(name, [], args)
  budget.values(value.size)
  if (name === 'items') return new View('dict_items', dictItems(self, budget))
  if (name === 'keys') return new View('dict_keys', Array.from(value.keys(), text))
  if (name === 'values') return new View('dict_values', Array.from(value.values()))
  return new Dict(new Map(value))
}

function listMethod(self: Value<Value[]>, name: string, args: Value[], budget: Budget): Value {
  budget.items(self.value.length)
  if (name === 'copy') {
    bind('copy', [], args)
    return list(self.value.slice())
  }
  const [wanted, start, end] = bind(name, name === 'index' ? ['/value', '/start?', '/end?'] : ['/value'], args)
  if (start !== undefined || end !== undefined) throw new UnsupportedTemplate('list.index with a place')
  if (name === 'count') return int(self.value.filter((item) => equal(item, wanted!, budget)).length)
  const at = self.value.findIndex((item) => equal(item, wanted!, budget))
  if (at < 0) throw new TemplateError('the value is not in the list')
  return int(at)
}

/** A method bound to the value, or undefined when Python's type has none of this name. */
function method(self: Value, name: string, budget: Budget): Value | undefined {
  if (isText(self)) {
    const compute = Object.hasOwn(textMethods, name) ? textMethods[name] : undefined
    if (compute !== undefined) {
      return new Callable((args) => {
        budget.text(self.value.length)
        for (const arg of args) if (arg instanceof Text) budget.search(self.value.length, arg.value.length)
        return compute(self.value, args, budget)
      })
    }
    if (otherTextMethods.has(name)) throw new UnsupportedTemplate(`str.${name}`)
  } else if (isDict(self)) {
    if (changing.has(name)) throw new TemplateError(`dict.${name} changes a value, which templates may not do`)
    if (ofDicts.has(name)) return new Callable((args) => dictMethod(self, name, args, budget))
  } else if (self.constructor === List || self.constructor === Tuple) {
    if (self.constructor === List && changing.has(name)) {
      throw new TemplateError(`list.${name} changes a value, which templates may not do`)
    }
    if (name === 'index' || name === 'count' || (name === 'copy' && self.constructor === List)) {
      return new Callable((args) => listMethod(self as Value<Value[]>, name, args, budget))
    }
  } else if (self instanceof Range) {
    if (ofRanges.has(name)) throw new UnsupportedTemplate(`range.${name}`)
  } else if ((self instanceof Int || self instanceof Float) && ofNumbers.has(name)) {
    throw new UnsupportedTemplate(`the attribute ${name} of a number`)
  } else if (self instanceof Callable || self instanceof View) {
    throw new UnsupportedTemplate(`the attribute ${name} of a ${self instanceof View ? self.name : 'function'}`)
  }
  return undefined
}

function stored(self: Value, name: string): Value | undefined {
  if (self instanceof Loop) return self.attribute(name)
  return self instanceof Namespace || self instanceof Dict ? self.value.get(name) : undefined
}

/** `self.name`: a method goes before a key, as in Python. */
export function attribute(self: Value, name: string, budget: Budget): Value {
  requireDefined(self)
  if (name.startsWith('__')) throw new TemplateError(`access to attribute '${name}' is unsafe`)
  return method(self, name, budget) ?? stored(self, name) ?? undefinedValue(`'${name}'`)
}

/** `self[key]`: a key goes before a method. */
export function item(self: Value, key: Value, budget: Budget): Value {
  requireDefined(self)
  if (isText(key)) {
    if (key.value.startsWith('__') && !(self instanceof Dict)) {
      throw new TemplateError(`access to attribute '${key.value}' is unsafe`)
    }
    return stored(self, key.value) ?? method(self, key.value, budget) ?? undefinedValue(`'${key.value}'`)
  }
  const at = integerOf(key)
  let found: Value | undefined
  if (at !== undefined && isText(self)) {
    budget.text(self.value.length)
    // Without surrogates an index of UTF-16 units is one of characters.
    const character = /[\ud800-\udfff]/.test(self.value) ? Array.from(self.value).at(at) : self.value.at(at)
    found = character === undefined ? undefined : text(character)
  } else if (at !== undefined && (self.constructor === List || self instanceof Tuple || self instanceof Range)) {
    found = (self as Value<Value[]>).value.at(at)
  }
  return found ?? undefinedValue('an item')
}

/** `self[start:stop:step]` */
export function slice(self: Value, bounds: (Value | undefined)[], budget: Budget): Value {
  requireDefined(self)
  if (isDict(self)) throw new TemplateError("unhashable type: 'slice'")
  const isSliceable = isText(self) || self.constructor === List || self instanceof Tuple || self instanceof Range
  const given = bounds.map((bound) => (bound instanceof None ? undefined : bound))
  // What Python refuses with a TypeError, jinja2 makes undefined.
  if (!isSliceable || given.some((bound) => bound !== undefined && integerOf(bound) === undefined)) {
    return undefinedValue('a slice')
  }
  const [start, stop, step] = given.map((bound) => bound && integerOf(bound))
  const stride = step ?? 1
  if (stride === 0) throw new TemplateError('slice step cannot be zero')
  if (self instanceof Range) throw new UnsupportedTemplate('a slice of a range')
  budget.text(isText(self) ? self.value.length : 0)
  const items: (string | Value)[] = isText(self) ? Array.from(self.value) : (self.value as Value[])
  budget.items(items.length)
  const { length } = items
  const [low, high] = stride > 0 ? [0, length] : [-1, length - 1]
  const place = (at: number | undefined, missing: number): number =>
    at === undefined ? missing : Math.min(high, Math.max(low, at < 0 ? at + length : at))
  const [from, to] = [place(start, stride > 0 ? low : high), place(stop, stride > 0 ? high : low)]
  const taken: (string | Value)[] = []
  for (let i = from; stride > 0 ? i < to : i > to; i += stride) taken.push(items[i])
  if (isText(self)) return text(taken.join(''))
  return self instanceof Tuple ? new Tuple(taken as Value[]) : list(taken as Value[])
}

/** A path such as `function.name` or `0`, from an item, as filters take it. */
export function pathGetter(path: Value, budget: Budget, missing?: Value): (from: Value) => Value {
  const whole = integerOf(path)
  const parts =
    whole === undefined
      ? textOf('attribute', path)
          .split('.')
          .map((part) => (/^\d+$/.test(part) ? int(Number(part)) : text(part)))
      : [path]
  return (from) => {
    let value = from
    for (const part of parts) {
      value = item(value, part, budget)
      if (missing !== undefined && value.type === 'UndefinedValue') value = missing
    }
    return value
  }
}
