import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type Document, isMap, isNode, isScalar, LineCounter, parse, parseDocument } from 'yaml'
import { UserError } from './errors.js'
import { checkRecipe, configHint, hintFor, type RecipeFormat, recipeError, trainFormat } from './parse-recipe.js'
import type { Recipe } from './recipe.js'

type Json = Record<string, unknown>

/** One `--set a.b=value`. */
interface Assignment {
  text: string
  path: string[]
  value: unknown
}

/** `value` as YAML reads it; text that only looks like a block of YAML (`Answer: x`) stays text. */
function scalarOrFlow(value: string): unknown {
  try {
    const parsed: unknown = parse(value)
    return typeof parsed === 'object' && parsed !== null && !/^\s*[[{]/.test(value) ? value : parsed
  } catch {
    return value
  }
}

function parseAssignment(text: string): Assignment {
  const at = text.indexOf('=')
  const path = text.slice(0, Math.max(at, 0)).trim().split('.')
  if (at <= 0 || path.some((key) => key === '' || key === '__proto__')) {
    throw new UserError(`--set ${text}: not an assignment`, {
      hint: 'write --set key=value with a dotted key, e.g. --set train.lr=1e-5 --set rollout.maxNewTokens=64',
    })
  }
  return { text, path, value: scalarOrFlow(text.slice(at + 1)) }
}

function assign(target: Json, { path, value, text }: Assignment): void {
  let section = target
  for (const key of path.slice(0, -1)) {
    if (!Object.hasOwn(section, key) || section[key] === null) section[key] = {}
    const next = section[key]
    if (typeof next !== 'object' || next === null || Array.isArray(next)) {
      throw new UserError(`--set ${text}: ${key} holds a value, not keys of its own`, { hint: configHint })
    }
    section = next as Json
  }
  section[path.at(-1)!] = value
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const reason =
      code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'is a directory' : `cannot be read (${code ?? cause})`
    throw new UserError(`recipe ${path}: ${reason}`, {
      hint: 'give the path of a YAML recipe; the ones under recipes/ are a start',
      cause,
    })
  }
}

/** Where a key stands in the file: at its own name where it is written there, else at the section that lacks it. */
function offsetOf(document: Document, path: string[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const pair = isMap(parent)
      ? parent.items.find((item) => isScalar(item.key) && String(item.key.value) === path[length - 1])
      : undefined
    if (pair && isNode(pair.key) && pair.key.range) return pair.key.range[0]
  }
  return undefined
}

function toObject(document: Document, path: string): Json {
  let value: unknown
  try {
    value = document.toJS()
  } catch (cause) {
    throw new UserError(`${path}: ${(cause as Error).message}`, { cause })
  }
  if (value === null || value === undefined) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return value as Json
  throw new UserError(`${path}: a recipe is a YAML mapping of keys to values`, { hint: configHint })
}

/** The run's name where the recipe has none: that of its file. */
function nameOf(path: string): string {
  return (
    basename(path)
      .replace(/\.ya?ml$/i, '')
      .replaceAll(/[^\w.-]+/g, '-') || 'run'
  )
}

/**
 * Reads a YAML recipe, applies assignments (`train.lr=1e-5`, the value as YAML) and validates the result.
 * @throws UserError that lists all problems with file, line and column, or the `--set` they come from.
 */
export const loadRecipe = (path: string, sets: string[] = []): Recipe => loadAs(path, trainFormat, sets)

/** {@link loadRecipe} for any kind of recipe. */
export function loadAs<R>(path: string, format: RecipeFormat<R>, sets: string[] = []): R {
  const lines = new LineCounter()
  const document = parseDocument(readText(path), {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    logLevel: 'error',
  })
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${path}:${line}:${col}`
  }
  if (document.errors.length > 0) {
    // A file that is no YAML at all breaks everywhere, and quotes itself: a few lines say it.
    const errors = document.errors.slice(0, 5).map((error) => `${at(error.pos[0])}: ${error.message.slice(0, 120)}`)
    throw new UserError(`${path} is not valid YAML\n${errors.map((line) => `  ${line}`).join('\n')}`)
  }
  const value = toObject(document, path)
  const assignments = sets.map(parseAssignment)
  for (const assignment of assignments) assign(value, assignment)

  const result = checkRecipe({ name: nameOf(path), ...value }, format)
  if ('recipe' in result) return result.recipe
  throw recipeError(path, result.problems, hintFor(format, value), (keys) => {
    const assigned = assignments.findLast((one) => one.path.every((key, index) => key === keys[index]))
    if (assigned) return `--set ${assigned.text}`
    const offset = offsetOf(document, keys)
    return offset === undefined ? path : at(offset)
  })
}
