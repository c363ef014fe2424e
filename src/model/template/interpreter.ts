/**
 * The library's interpreter with Python's values: what it computes otherwise than jinja2 is overridden here. Blocks,
 * conditions, assignments, macros, and calls are the library's.
 *
 * Its methods are private in its types alone, so its version is pinned. A test renders with it and with jinja2's results.
 */

import { Interpreter } from '@huggingface/jinja'
import { attribute, item, Loop, slice } from './attributes.js'
import { Budget } from './budget.js'
import { runFilter } from './filters.js'
import { operate } from './operators.js'
import { generation } from './rewrite.js'
import { runTest } from './tests.js'
import {
  bool,
  Callable,
  Dict,
  innerScope,
  int,
  isText,
  iterate,
  Keywords,
  List,
  Namespace,
  type Scope,
  str,
  TemplateError,
  text,
  truth,
  UnsupportedTemplate,
  undefinedValue,
  type Value,
} from './values.js'

/** A node of the library's tree, with the fields that are read here. */
export interface Node {
  type: string
  [field: string]: unknown
}
type Operator = { value: string; depth?: number }

/** Methods of the library's interpreter, which are private in its types. */
interface Library {
  evaluate(node: Node | undefined, scope: Scope): Value
  evaluateBlock(nodes: Node[], scope: Scope): Value
  evaluateArguments(args: Node[], scope: Scope): [Value[], Map<string, Value>]
  evaluateSet(node: Node, scope: Scope): Value
  evaluateMacro(node: Node, scope: Scope): Value
  evaluateFor(node: Node, scope: Scope): Value
  evaluateIdentifier(node: Node, scope: Scope): Value
  evaluateMemberExpression(node: Node, scope: Scope): Value
  evaluateBinaryExpression(node: Node, scope: Scope): Value
  applyFilter(value: Value, filter: Node, scope: Scope): Value
}
const Library = Interpreter as unknown as new (scope: Scope) => Library

/** `{% break %}` or `{% continue %}` on its way to its loop, with the text written before it. */
class LoopEnd {
  readonly ends: boolean
  text = ''
  constructor(ends: boolean) {
    this.ends = ends
  }
}

const silent = new Set(['Set', 'Macro', 'Comment'])
const otherGlobals = new Set(['lipsum', 'cycler', 'joiner', 'self'])

export class TemplateInterpreter extends Library {
  readonly budget = new Budget()
  readonly #filters = {
    budget: this.budget,
    filter: (name: string, value: Value, args: readonly Value[]): Value => runFilter(name, value, args, this.#filters),
  }

  /** The whole template's text. */
  render(program: Node, scope: Scope): string {
    try {
      return str(this.evaluate(program, scope), this.budget)
    } catch (error) {
      if (error instanceof LoopEnd)
        throw new TemplateError(`{% ${error.ends ? 'break' : 'continue'} %} outside of a loop`)
      throw error
    }
  }

  override evaluate(node: Node | undefined, scope: Scope): Value {
    this.budget.step()
    this.budget.enter()
    try {
      if (node?.type === 'Break' || node?.type === 'Continue') throw new LoopEnd(node.type === 'Break')
      if (node?.type === 'ArrayLiteral') this.budget.items((node.value as Node[]).length)
      return super.evaluate(node, scope)
    } finally {
      this.budget.leave()
    }
  }

  /** Prints values as Python does, and keeps what was written when a loop ends. */
  override evaluateBlock(nodes: Node[], scope: Scope): Value {
    let written = ''
    for (const node of nodes) {
      try {
        const value = this.evaluate(node, scope)
        if (!silent.has(node.type)) written += str(value, this.budget)
      } catch (error) {
        if (error instanceof LoopEnd) error.text = silent.has(node.type) ? written : written + error.text
        throw error
      }
      this.budget.joined(written.length)
    }
    return text(written)
  }

  override evaluateSet(node: Node, scope: Scope): Value {
    const { assignee } = node as unknown as { assignee: { type: string; property?: { value?: unknown } } }
    if (assignee.type === 'MemberExpression' && String(assignee.property?.value).startsWith('_')) {
      throw new TemplateError('Chat templates cannot store underscore-prefixed attributes on a namespace')
    }
    return super.evaluateSet(node, scope)
  }

  /** A macro sees the variables of the place where it is defined, not those of its caller. */
  override evaluateMacro(node: Node, scope: Scope): Value {
    const result = super.evaluateMacro(node, scope)
    const { value: name } = node.name as { value: string }
    const made = scope.variables.get(name) as Value<(args: Value[], scope: Scope) => Value>
    const macro = (args: Value[], from: Scope): Value => {
      this.budget.step(8)
      const outside = innerScope(scope)
      // A call block hands its body over in a scope of its own.
      const caller = from.variables.get('caller')
      if (caller !== undefined) outside.setVariable('caller', caller)
      return made.value(args, outside)
    }
    scope.setVariable(name, new Callable(macro))
    return result
  }

  /** Every round has a scope of its own, and `loop` is computed when it is read. */
  override evaluateFor(node: Node, scope: Scope): Value {
    const { loopvar, body, defaultBlock } = node as unknown as { loopvar: Node; body: Node[]; defaultBlock: Node[] }
    let iterable = node.iterable as Node
    let test: Node | undefined
    if (iterable.type === 'SelectExpression') {
      test = iterable.test as Node
      iterable = iterable.lhs as Node
    }
    const all = iterate(this.evaluate(iterable, scope), this.budget)
    const rounds: { value: Value; scope: Scope }[] = []
    const begin = (value: Value) => {
      this.budget.step(8)
      const round = innerScope(scope)
      assign(loopvar, value, round, this.budget)
      return { value, scope: round }
    }
    if (test !== undefined) {
      for (const value of all) {
        const round = begin(value)
        if (truth(this.evaluate(test, round.scope))) rounds.push(round)
      }
    }
    const items = test === undefined ? all : rounds.map(({ value }) => value)
    const changed = {}
    let written = ''
    let none = true
    for (let i = 0; i < items.length; i++) {
      const round = (test === undefined ? begin(items[i]) : rounds[i]).scope
      round.setVariable('loop', new Loop(items, i, changed, this.budget))
      try {
        written += this.evaluateBlock(body, round).value
        none = false
      } catch (error) {
        if (!(error instanceof LoopEnd)) throw error
        written += error.text
        if (error.ends) break
      }
      this.budget.joined(written.length)
    }
    // As in jinja2, rounds that end early do not count.
    if (none) written += this.evaluateBlock(defaultBlock, innerScope(scope)).value
    return text(written)
  }

  override evaluateIdentifier(node: Node, scope: Scope): Value {
    const name = node.value as string
    if (name === 'namespace') return namespaceOf
    // The library's own search throws and catches an error for each name that is not there.
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
      const value = at.variables.get(name)
      if (value !== undefined) return value
    }
    if (otherGlobals.has(name)) throw new UnsupportedTemplate(`the global \`${name}\``)
    return undefinedValue(`'${name}'`)
  }

  override evaluateMemberExpression(node: Node, scope: Scope): Value {
    const property = node.property as Node
    const object = this.evaluate(node.object as Node, scope)
    if (node.computed !== true) {
      return property.type === 'IntegerLiteral'
        ? item(object, int(property.value as number), this.budget)
        : attribute(object, property.value as string, this.budget)
    }
    if (property.type !== 'SliceExpression') return item(object, this.evaluate(property, scope), this.budget)
    const bounds = [property.start, property.stop, property.step] as (Node | undefined)[]
    return slice(
      object,
      bounds.map((bound) => bound && this.evaluate(bound, scope)),
      this.budget,
    )
  }

  override evaluateBinaryExpression(node: Node, scope: Scope): Value {
    const { left, right } = node as unknown as { left: Node; right: Node }
    const { value: sign, depth } = node.operator as Operator
    if (sign === 'and' || sign === 'or') {
      const first = this.evaluate(left, scope)
      return truth(first) === (sign === 'and') ? this.evaluate(right, scope) : first
    }
    const before = left.type === 'BinaryExpression' ? (left.operator as Operator) : undefined
    const isBare = before !== undefined && before.depth === depth
    if (isBare && comparisons.has(sign) && comparisons.has(before.value)) return this.#chain(node, scope)
    // jinja2 binds `~` tighter than `+` and `-`; the library reads all three from left to right.
    if (isBare && sign === '~' && (before.value === '+' || before.value === '-')) {
      const tight = { ...node, left: left.right, right }
      return this.evaluateBinaryExpression({ ...left, right: tight } as Node, scope)
    }
    return operate(sign, this.evaluate(left, scope), this.evaluate(right, scope), this.budget)
  }

  /** `a < b < c` is `a < b and b < c`. */
  #chain(node: Node, scope: Scope): Value {
    const parts: { sign: string; right: Node }[] = []
    let first = node
    const depth = (node.operator as Operator).depth
    for (;;) {
      const operator = first.operator as Operator | undefined
      if (first.type !== 'BinaryExpression' || operator?.depth !== depth || !comparisons.has(operator!.value)) break
      parts.unshift({ sign: operator!.value, right: first.right as Node })
      first = first.left as Node
    }
    let value = this.evaluate(first, scope)
    let result: Value = bool(true)
    for (const { sign, right } of parts) {
      const next = this.evaluate(right, scope)
      result = operate(sign, value, next, this.budget)
      if (!truth(result)) break
      value = next
    }
    return result
  }

  /** Tests come as filters whose names begin with `is` (rewrite.ts). */
  override applyFilter(value: Value, filter: Node, scope: Scope): Value {
    const isCall = filter.type === 'CallExpression'
    const name = (isCall ? (filter.callee as Node) : filter).value as string
    const args: Value[] = []
    if (isCall) {
      const [positional, keywords] = this.evaluateArguments(filter.args as Node[], scope)
      args.push(...positional)
      if (keywords.size > 0) args.push(new Keywords(keywords))
    }
    const test = /^is (not )?(.*)$/s.exec(name)
    if (test === null) return runFilter(name, value, args, this.#filters)
    return bool(runTest(test[2], value, args, this.budget) !== (test[1] !== undefined))
  }
}

const comparisons = new Set(['==', '!=', '<', '>', '<=', '>=', 'in', 'not in'])

/** Binds loop variables; several take a value apart. */
function assign(target: Node, value: Value, scope: Scope, budget: Budget): void {
  if (target.type === 'Identifier') {
    scope.setVariable(target.value as string, value)
    return
  }
  const names = target.value as Node[]
  const parts = iterate(value, budget)
  if (value.type === 'UndefinedValue' || parts.length !== names.length) {
    throw new TemplateError(`a loop over ${names.length} variables meets a value of ${parts.length} parts`)
  }
  names.forEach((name, i) => {
    assign(name, parts[i], scope, budget)
  })
}

/** Names and values as `dict` and `namespace` take them. */
export function entriesOf(what: string, args: readonly Value[]): Map<string, Value> {
  const entries = new Map<string, Value>()
  for (const arg of args) {
    if (arg instanceof Dict) for (const [key, value] of arg.value as Map<string, Value>) entries.set(key, value)
    else if (arg instanceof List) {
      for (const pair of arg.value) {
        const [key, value] = pair instanceof List && pair.value.length === 2 ? pair.value : []
        if (key === undefined || !isText(key)) throw new UnsupportedTemplate(`${what} of such pairs`)
        entries.set(key.value, value)
      }
    } else throw new TemplateError(`${what} takes names with values`)
  }
  return entries
}

const namespaceOf = new Callable((args) => {
  const entries = entriesOf('namespace', args)
  for (const name of entries.keys()) {
    if (name.startsWith('_'))
      throw new TemplateError('Chat templates cannot store underscore-prefixed attributes on a namespace')
  }
  return new Namespace(entries)
})

/** The function that a generation block calls (rewrite.ts): it gives the block's text. */
export const generationBlock: readonly [string, Value] = [
  generation,
  new Callable((_, scope) =>
    (scope.variables.get('caller') as Value<(args: Value[], scope: Scope) => Value>).value([], scope),
  ),
]
