/**
 * Values of a template, as Python has them. The library's own classes hold them; it does not export these, so they are
 * taken from values that it makes. What Python has beyond them (ranges, views, iterators, safe texts) are classes of ours.
 */

import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja'
import type { Budget } from './budget.js'
import { floatText, quoted } from './text.js'

/** What Python would raise while rendering. */
export class TemplateError extends Error {}

/** What jinja2 computes and this project does not. */
export class UnsupportedTemplate extends Error {
  constructor(what: string) {
    super(`${what} is not supported`)
  }
}

/** Not an interface: TypeScript would take every value for an instance of every class. */
export type Value<T = unknown> = {
  type: string
  value: T
  __bool__(): { value: boolean }
}

/** A scope of the library's. */
export interface Scope {
  variables: Map<string, Value>
  parent?: Scope
  setVariable(name: string, value: Value): Value
  lookupVariable(name: string): Value
  set(name: string, value: unknown): Value
}
export const Scope = Environment as unknown as new (parent?: Scope) => Scope

/** A scope inside another. The library's constructor would make `namespace` anew for each, which takes most of the time. */
export function innerScope(parent: Scope): Scope {
  const scope = Object.create(Environment.prototype) as Scope
  scope.variables = new Map()
  scope.parent = parent
  return scope
}

export type Call = (args: Value[], scope: Scope) => Value

type Class<T> = new (value: T) => Value<T>

const library = new Environment()
const constructorOf = (value: object) => value.constructor as unknown
export const Callable = constructorOf(library.lookupVariable('namespace')) as Class<Call>
let captured: Value | undefined
const capture = new Callable((args) => {
  captured = args[0]
  return library.lookupVariable('nothing') as Value
})
library.variables.set('capture', capture as ReturnType<typeof library.lookupVariable>)
const made = (source: string) => {
  new Interpreter(library).run(parse(tokenize(`{{ capture(${source}) }}`)))
  return constructorOf(captured as Value)
}

export const Int = made('1') as Class<number>
export const Float = made('1.0') as Class<number>
export const Text = made('""') as Class<string>
export const List = made('[]') as Class<Value[]>
export const Tuple = made('(1, 2)') as Class<Value[]>
export const Dict = made('{}') as Class<Map<string, Value>>
export const Keywords = made('a=1') as Class<Map<string, Value>>
export const Namespace = made('namespace()') as Class<Map<string, Value>>
export const Undefined = made('nothing') as Class<undefined>
export const Bool = constructorOf(library.set('yes', true)) as Class<boolean>
export const None = constructorOf(library.set('no', null)) as Class<null>

export const none = new None(null)
/** `what` names it in errors. */
export const undefinedValue = (what?: string): Value =>
  what === undefined ? new Undefined(undefined) : Object.assign(new Undefined(undefined), { what })
export const text = (value: string): Value<string> => new Text(value)
export const int = (value: number): Value => {
  if (!Number.isSafeInteger(value)) throw new UnsupportedTemplate('an integer beyond 2^53')
  return new Int(value)
}
export const float = (value: number): Value => new Float(value)
export const bool = (value: boolean): Value => new Bool(value)
export const list = (items: Value[]): Value<Value[]> => new List(items)

/** `range(...)`: a list that is written as a call. */
export class Range extends List {
  override type = 'RangeValue'
  /** As `repr` writes it. */
  readonly written: string

  constructor(start: number, stop: number, step: number) {
    const length = Math.max(0, Math.ceil((stop - start) / step))
    // The sandbox of jinja2 has the same limit.
    if (!(length <= 100_000))
      throw new TemplateError('it makes a range of more than 100,000 numbers, which jinja2 refuses too')
    super(Array.from({ length }, (_, i) => int(start + i * step)))
    this.written = `range(${start}, ${stop}${step === 1 ? '' : `, ${step}`})`
  }
}

/** `dict.items()` and the like: has a length and a truth, but no index. */
export class View extends List {
  override type = 'ViewValue'
  /** Its type in Python. */
  readonly name: string

  constructor(name: string, items: Value[]) {
    super(items)
    this.name = name
  }
}

/** An iterator, as `map` and `select` give: always true, without a length, and empty after its first use. */
export class Lazy extends List {
  override type = 'IteratorValue'
  override __bool__(): { value: boolean } {
    return { value: true }
  }
  take(): Value[] {
    const items = this.value
    this.value = []
    return items
  }
}

/** A text marked `safe`: what it is added to is escaped. Only the operations that templates need are supported. */
export class Safe extends Text {
  override type = 'SafeValue'
}

const names = new Map<unknown, string>([
  [Int, 'int'],
  [Float, 'float'],
  [Text, 'str'],
  [List, 'list'],
  [Tuple, 'tuple'],
  [Dict, 'dict'],
  [Namespace, 'Namespace'],
  [Undefined, 'Undefined'],
  [Callable, 'function'],
  [Bool, 'bool'],
  [None, 'NoneType'],
  [Range, 'range'],
  [Safe, 'Markup'],
])
export const typeName = (value: Value): string =>
  value instanceof View ? value.name : (names.get(value.constructor) ?? 'iterator')

export const isText = (value: Value): value is Value<string> => value.constructor === Text
export const isUndefined = (value: Value): boolean => value instanceof Undefined
/** A list or a tuple, and nothing that only behaves like one. */
export const isSequence = (value: Value): value is Value<Value[]> =>
  value.constructor === List || value.constructor === Tuple
export const isDict = (value: Value): value is Value<Map<string, Value>> => value.constructor === Dict
export const truth = (value: Value): boolean => value.__bool__().value || Number.isNaN(value.value)

/** The number of an int, a float, or a bool. */
export const numberOf = (value: Value): number | undefined =>
  value instanceof Int || value instanceof Float || value instanceof Bool ? Number(value.value) : undefined
/** The number of an int or a bool. */
export const integerOf = (value: Value): number | undefined =>
  value instanceof Int || value instanceof Bool ? Number(value.value) : undefined

/** Undefined values raise wherever they are used for anything but printing, testing, and looping. */
export function requireDefined(...values: Value[]): void {
  for (const value of values) {
    if (isUndefined(value)) throw new TemplateError(`${(value as { what?: string }).what ?? 'a value'} is undefined`)
    if (value instanceof Safe) throw new UnsupportedTemplate('an operation on a text marked `safe`')
  }
}

/** What a loop over the value sees. */
export function iterate(value: Value, budget: Budget): Value[] {
  if (isUndefined(value)) return []
  if (value instanceof Lazy) return value.take()
  if (value instanceof List) {
    budget.items(value.value.length)
    return value.value
  }
  if (value instanceof Dict) {
    budget.values(value.value.size)
    return Array.from(value.value.keys(), text)
  }
  if (isText(value)) {
    budget.text(value.value.length)
    budget.values(value.value.length)
    return Array.from(value.value, text)
  }
  throw new TemplateError(`'${typeName(value)}' object is not iterable`)
}

/** `str(value)` */
export function str(value: Value, budget: Budget): string {
  if (value instanceof Text) return value.value
  return isUndefined(value) ? '' : repr(value, budget)
}

/** `repr(value)` */
export function repr(value: Value, budget: Budget): string {
  budget.step()
  budget.enter()
  try {
    const shown = written(value, budget)
    budget.text(shown.length)
    return shown
  } finally {
    budget.leave()
  }
}

function written(value: Value, budget: Budget): string {
  if (isText(value)) return quoted(value.value)
  if (value instanceof Float) return floatText(value.value)
  if (value instanceof Int) return String(value.value)
  if (value instanceof Bool) return value.value ? 'True' : 'False'
  if (value instanceof None) return 'None'
  if (isUndefined(value)) return 'Undefined'
  if (value instanceof Range) return value.written
  if (isDict(value)) {
    return `{${Array.from(value.value, ([key, item]) => `${quoted(key)}: ${repr(item, budget)}`).join(', ')}}`
  }
  if (value instanceof Lazy || !(value instanceof List)) {
    throw new UnsupportedTemplate(`a value of type ${typeName(value)} as text`)
  }
  const name = value instanceof View ? value.name : undefined
  const items = value.value.map((item) => repr(item, budget)).join(', ')
  if (value instanceof Tuple) return value.value.length === 1 ? `(${items},)` : `(${items})`
  return name === undefined ? `[${items}]` : `${name}([${items}])`
}

/** `a == b` */
export function equal(a: Value, b: Value, budget: Budget): boolean {
  if (a === b) return true
  budget.step()
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined || y !== undefined) return x === y
  if (a instanceof Text) {
    if (!(b instanceof Text)) return false
    budget.text(Math.min(a.value.length, b.value.length))
    return a.value === b.value
  }
  if (isUndefined(a)) return isUndefined(b)
  if (a instanceof None) return b instanceof None
  budget.enter()
  try {
    if ((isSequence(a) || a instanceof Range) && a.constructor === b.constructor) {
      const other = (b as Value<Value[]>).value
      return a.value.length === other.length && a.value.every((item, i) => equal(item, other[i], budget))
    }
    if (!isDict(a) || !isDict(b) || a.value.size !== b.value.size) return false
    for (const [key, item] of a.value) {
      const other = b.value.get(key)
      if (other === undefined || !equal(item, other, budget)) return false
    }
    return true
  } finally {
    budget.leave()
  }
}

/** Texts in the order of their code points, which JavaScript's own order of UTF-16 units is not. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  let at = 0
  while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at++
  const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)]
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) ? -1 : 1
  const isHigh = (unit: number) => unit >= 0xd800 && unit < 0xe000
  if (isHigh(x) !== isHigh(y)) return isHigh(x) ? 1 : -1
  return x - y
}

/** Below 0 where a < b. `undefined` where one of both is NaN. */
export function compare(a: Value, b: Value, sign: string, budget: Budget): number | undefined {
  requireDefined(a, b)
  budget.step()
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : x === y ? 0 : undefined
  if (isText(a) && isText(b)) {
    budget.text(Math.min(a.value.length, b.value.length))
    return compareTexts(a.value, b.value)
  }
  if (isSequence(a) && a.constructor === b.constructor) {
    const other = (b as Value<Value[]>).value
    budget.enter()
    try {
      for (const [i, item] of a.value.entries()) {
        if (i >= other.length) return 1
        if (!equal(item, other[i], budget)) return compare(item, other[i], sign, budget)
      }
      return a.value.length - other.length
    } finally {
      budget.leave()
    }
  }
  throw new TemplateError(`'${sign}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`)
}

/** `item in container` */
export function contains(container: Value, item: Value, budget: Budget): boolean {
  if (container instanceof Text) {
    if (!(item instanceof Text))
      throw new TemplateError(`'in <string>' requires string as left operand, not ${typeName(item)}`)
    budget.search(container.value.length, item.value.length)
    return container.value.includes(item.value)
  }
  if (container instanceof Dict) {
    if (item.constructor === List || item instanceof Dict)
      throw new TemplateError(`unhashable type: '${typeName(item)}'`)
    return isText(item) && container.value.has(item.value)
  }
  return iterate(container, budget).some((each) => equal(each, item, budget))
}
