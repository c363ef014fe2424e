import type { z } from 'zod'
import { near, plain } from '../nearest-name.js'
import { cut, shown } from '../shown.js'
import type { SchemaEntry } from './entries.js'

/** One thing wrong with a recipe: at which key, and what to do. `key` is the last part of an unknown key's path. */
export interface Problem {
  path: string[]
  message: string
}

const typeNames: Record<string, string> = {
  number: 'a number',
  int: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a section with keys of its own',
}

/** Unknown keys of one section that are named one by one; the others are counted. */
const mostUnknown = 20

/** Nearest known key, among its siblings or in another section; `aliases` has names that other tools give our keys. */
function unknownKey(parent: string[], key: string, entries: readonly SchemaEntry[], aliases: Aliases): string {
  const prefix = parent.length === 0 ? '' : `${parent.join('.')}.`
  const siblings = entries
    .filter((entry) => entry.path.startsWith(prefix) && !entry.path.slice(prefix.length).includes('.'))
    .map((entry) => entry.path.slice(prefix.length))
  const known = entries.find(({ path }) => path === prefix + key)
  if (known?.kinds) {
    return `is a key of kind ${known.kinds.join(' and ')}; set ${prefix}kind: ${known.kinds[0]}, or remove it`
  }
  const alias = aliases[plain(key)]
  if (alias !== undefined && !siblings.some((name) => plain(name) === plain(key))) {
    return `unknown key; here it is ${alias}`
  }
  const leaf = (path: string) => path.slice(path.lastIndexOf('.') + 1)
  const find = (name: string | undefined) => name && entries.find((entry) => leaf(entry.path) === name)
  const leaves = entries.map((entry) => leaf(entry.path))
  const sameName = find(leaves.find((name) => plain(name) === plain(key)))
  const sibling = near(key, siblings)
  // The very name in another section is likelier than a similar one here (`lr` at the top is train.lr, not log).
  if (sibling !== undefined && (!sameName || plain(sibling) === plain(key))) {
    return `unknown key; did you mean ${prefix}${sibling}?`
  }
  const elsewhere = sameName || find(near(key, leaves))
  if (elsewhere) return `unknown key; did you mean ${elsewhere.path}?`
  return `unknown key; the keys here are ${siblings.join(', ')}`
}

/** In a section whose own keys the schema does not know (a task's), the key that was meant for a missing one. */
function misspelt(issue: z.core.$ZodIssue, given: unknown): string | undefined {
  const path = issue.path.map(String)
  const section = path.slice(0, -1).reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], given)
  if (path.length < 2 || typeof section !== 'object' || section === null) return undefined
  return Object.keys(section).find((key) => near(key, [path[path.length - 1]]) !== undefined)
}

function wrongType(issue: z.core.$ZodIssueInvalidType, entries: readonly SchemaEntry[], given: unknown): string {
  if (issue.input === undefined) {
    const entry = entries.find((candidate) => candidate.path === issue.path.join('.'))
    const key = misspelt(issue, given)
    if (key !== undefined) return `is required; did you mean it by ${key}?`
    return `is required${entry ? `. ${entry.description}` : ''}`
  }
  if (issue.expected === 'number' && typeof issue.input === 'number') {
    return `must be a finite number (got ${shown(issue.input)})`
  }
  return `must be ${typeNames[issue.expected] ?? issue.expected} (got ${shown(issue.input)})`
}

const wrongValue = ({ values, input }: z.core.$ZodIssueInvalidValue): string => noneOf(values.map(String), input)

function noneOf(values: readonly string[], input: unknown): string {
  const guess = typeof input === 'string' ? near(input, values) : undefined
  return `must be ${values.length === 1 ? '' : 'one of '}${values.join(', ')} (got ${shown(input)})${
    guess === undefined ? '' : `; did you mean ${guess}?`
  }`
}

/** A section of kinds whose `kind` is missing, or is none. */
function wrongKind(issue: z.core.$ZodIssueInvalidUnion): string {
  const given = (issue.input as Record<string, unknown> | undefined)?.[String(issue.path.at(-1))]
  const values = ('options' in issue ? (issue.options ?? []) : []).map(String)
  return given === undefined ? `is required: ${values.join(' or ')}` : noneOf(values, given)
}

function messageOf(issue: z.core.$ZodIssue, entries: readonly SchemaEntry[], given: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue, entries, given)
    case 'invalid_value':
      // A schema's own message (a sink with a way out) is better than the list of values.
      return issue.message.startsWith('Invalid') ? wrongValue(issue) : issue.message
    case 'too_small': {
      if (issue.origin === 'string' || issue.origin === 'array') return 'must not be empty'
      return `must be ${issue.inclusive ? 'at least' : 'greater than'} ${issue.minimum} (got ${shown(issue.input)})`
    }
    case 'too_big':
      if (issue.origin === 'array') return `must have ${issue.maximum} entries`
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum} (got ${shown(issue.input)})`
    case 'invalid_union':
      return 'discriminator' in issue ? wrongKind(issue) : `${issue.message} (got ${shown(issue.input)})`
    default:
      return `${issue.message} (got ${shown(issue.input)})`
  }
}

/** Of a union (a value or a list of them), what is wrong with the alternative that the input has the shape of. */
function alternative(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || !issue.message.startsWith('Invalid') || 'discriminator' in issue) return [issue]
  const list = Array.isArray(issue.input)
  const found =
    issue.errors.find(hasShape) ?? issue.errors.find((issues) => issues.some((one) => one.path.length > 0) === list)
  return (found ?? issue.errors[0])
    .map((one) => ({ ...one, path: [...issue.path, ...one.path] }) as z.core.$ZodIssue)
    .flatMap(alternative)
}

/** Whether the input is of the kind that the alternative wants: a section, or a list, with something wrong inside. */
const hasShape = (issues: readonly z.core.$ZodIssue[]): boolean =>
  issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys')

/** What other tools call our keys: names without case, `_`, and `-`, and our dotted key. */
export type Aliases = Readonly<Record<string, string>>

/** The schema's issues with what was `given`, in a user's words. Needs `reportInput`, which the parser sets. */
export function problemsOf(
  error: z.ZodError,
  entries: readonly SchemaEntry[],
  given: unknown,
  aliases: Aliases = {},
): Problem[] {
  return error.issues.flatMap(alternative).flatMap((issue) => {
    const path = issue.path.map(String)
    if (issue.code !== 'unrecognized_keys') return [{ path, message: messageOf(issue, entries, given) }]
    const named = issue.keys.slice(0, mostUnknown).map((key) => ({
      path: [...path, cut(key)],
      // A schema's own message (the options of one of several things) is better than the recipe's keys.
      message: issue.message.startsWith('Unrecognized')
        ? unknownKey(path, cut(key), entries, aliases)
        : `unknown key; ${issue.message}`,
    }))
    const rest = issue.keys.length - named.length
    return rest === 0 ? named : [...named, { path, message: `has ${rest} more unknown keys` }]
  })
}
