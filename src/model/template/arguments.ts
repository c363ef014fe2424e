/** Arguments of functions, methods, filters, and tests, bound to parameters as Python binds them. */

import { integerOf, isText, Keywords, numberOf, requireDefined, TemplateError, typeName, type Value } from './values.js'

/**
 * Values in the order of the parameters: `name` is required, `name?` optional, and `/name` takes no keyword.
 * @throws {@link TemplateError} as Python raises TypeError
 */
export function bind(what: string, parameters: readonly string[], args: readonly Value[]): (Value | undefined)[] {
  const last = args.at(-1)
  const keywords = last instanceof Keywords ? new Map(last.value) : new Map<string, Value>()
  const positional = last instanceof Keywords ? args.slice(0, -1) : args
  if (positional.length > parameters.length) {
    throw new TemplateError(`${what}() takes ${parameters.length} arguments, ${positional.length} are given`)
  }
  const bound = parameters.map((parameter, i) => {
    const name = parameter.replace('?', '')
    const value = positional[i] ?? keywords.get(name)
    if (positional[i] !== undefined && keywords.has(name)) {
      throw new TemplateError(`${what}() gets two values for '${name}'`)
    }
    if (value === undefined && !parameter.endsWith('?')) {
      throw new TemplateError(`${what}() lacks its argument '${name.replace('/', '')}'`)
    }
    keywords.delete(name)
    return value
  })
  for (const name of keywords.keys()) throw new TemplateError(`${what}() takes no argument '${name}'`)
  return bound
}

const wrong = (what: string, wanted: string, value: Value): never => {
  requireDefined(value)
  throw new TemplateError(`${what}: expected ${wanted}, got ${typeName(value)}`)
}

export function textOf(what: string, value: Value | undefined): string {
  if (value !== undefined && isText(value)) return value.value
  return wrong(what, 'str', value as Value)
}

export function wholeOf(what: string, value: Value): number {
  return integerOf(value) ?? wrong(what, 'int', value)
}

export function amountOf(what: string, value: Value): number {
  return numberOf(value) ?? wrong(what, 'a number', value)
}
