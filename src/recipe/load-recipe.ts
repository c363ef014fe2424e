import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { type Document, isMap, isNode, isScalar, LineCounter, parse, parseDocument, visit, YAMLParseError } from 'yaml'
import { UserError } from '../base/errors.js'
import { orShipped } from '../base/package.js'
import { rememberPlaces } from '../base/places.js'
import { cut } from '../base/shown.js'
import { checkRecipe, configHint, hintFor, type RecipeFormat, recipeError, trainFormat } from './parse-recipe.js'
import type { Recipe } from './schema.js'

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
    throw new UserError(`--set ${cut(text)}: not an assignment`, {
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
      throw new UserError(`--set ${cut(text)}: ${cut(key)} holds a value, not keys of its own`, { hint: configHint })
    }
    section = next as Json
  }
  section[path.at(-1)!] = value
}

/** Bytes. */
const largestRecipe = 2 ** 20
/** The parser reports its own recursion as an error of the file. */
const overflow = /call stack/i
/** Levels of sections and lists; the schema has four. */
const deepest = 32

function readText(path: string): string {
  try {
    const { size } = statSync(path)
    if (size > largestRecipe) {
      throw new UserError(`recipe ${path}: ${size} bytes, more than any recipe needs (${largestRecipe})`, {
        hint: 'give the path of a YAML recipe; the ones under recipes/ are a start',
      })
    }
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof UserError) throw cause
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
function offsetOf(document: Document, path: string[]): { offset: number; depth: number } | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const pair = isMap(parent)
      ? parent.items.find((item) => isScalar(item.key) && String(item.key.value) === path[length - 1])
      : undefined
    if (pair && isNode(pair.key) && pair.key.range) return { offset: pair.key.range[0], depth: length }
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
  requireTree(value, path)
  if (value === null || value === undefined) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return value as Json
  throw new UserError(`${path}: a recipe is a YAML mapping of keys to values`, { hint: configHint })
}

/** @throws UserError for a value that contains itself (an alias inside its own anchor), or is nested beyond any recipe. */
function requireTree(value: unknown, path: string, above: readonly unknown[] = []): void {
  if (typeof value !== 'object' || value === null) return
  if (above.includes(value)) {
    throw new UserError(`${path}: an alias (*name) stands inside the value that it repeats (&name)`, {
      hint: 'write the value out, or place the anchor elsewhere',
    })
  }
  if (above.length >= deepest) throw new UserError(`${path}: is nested more than ${deepest} levels deep`)
  for (const child of Object.values(value)) requireTree(child, path, [...above, value])
}

/** The run's name where the recipe has none: that of its file. */
function nameOf(path: string): string {
  return (
    basename(path)
      .replace(/\.ya?ml$/i, '')
      .replaceAll(/[^\w.-]+/g, '-') || 'run'
  )
}

/** A recipe file, read; `at` says where in it a character stands. */
interface RecipeFile {
  path: string
  document: Document
  value: Json
  at(offset: number): string
}

function readRecipe(path: string): RecipeFile {
  const lines = new LineCounter()
  const document = parsed(path, lines)
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${path}:${line}:${col}`
  }
  if (document.errors.length > 0) {
    // A file that is no YAML at all breaks everywhere, and quotes itself: a few lines say it.
    const errors = document.errors
      .slice(0, 5)
      .map(
        (error) =>
          `${at(error.pos[0])}: ${overflow.test(error.message) ? 'nested too deeply to be read' : error.message.slice(0, 120)}`,
      )
    throw new UserError(`${path} is not valid YAML\n${errors.map((line) => `  ${line}`).join('\n')}`)
  }
  return { path, document, value: toObject(document, path), at }
}

/** Keys that stand twice in one section. The parser's own check compares them pair by pair: minutes for 100,000 keys. */
function repeatedKeys(document: Document): YAMLParseError[] {
  const errors: YAMLParseError[] = []
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        // Several `<<` merge one after the other.
        if (!isScalar(key) || key.value === '<<') continue
        if (seen.has(key.value) && key.range) {
          const place: [number, number] = [key.range[0], key.range[1]]
          errors.push(new YAMLParseError(place, 'DUPLICATE_KEY', 'Map keys must be unique'))
        }
        seen.add(key.value)
      }
    },
  })
  return errors
}

function parsed(path: string, lineCounter: LineCounter): Document {
  const text = readText(path)
  try {
    const document = parseDocument(text, {
      lineCounter,
      prettyErrors: false,
      merge: true,
      logLevel: 'error',
      uniqueKeys: false,
    })
    document.errors.push(...repeatedKeys(document))
    return document
  } catch (cause) {
    // The parser calls itself for every level.
    if (cause instanceof RangeError) throw new UserError(`${path}: is nested too deeply to be read`, { cause })
    throw cause
  }
}

/** The file and all that it extends, a base before what extends it. */
function readChain(path: string, below: readonly string[] = []): RecipeFile[] {
  const file = readRecipe(path)
  const { extends: named, ...value } = file.value
  const bases = named === undefined || named === null ? [] : Array.isArray(named) ? named : [named]
  const complain = (problem: string): never => {
    throw new UserError(`${file.at(offsetOf(file.document, ['extends'])?.offset ?? 0)}: extends: ${problem}`, {
      hint: 'name one recipe file or a list of them, their paths from this file on',
    })
  }
  const above = bases.flatMap((base: unknown) => {
    if (typeof base !== 'string' || base === '') return complain(`must be a path or a list of paths`)
    const next = resolve(dirname(path), base)
    if (!existsSync(next)) return complain(`there is no file ${next}`)
    const chain = [...below, resolve(path)]
    if (chain.includes(next)) return complain(`${base} extends this file itself`)
    return readChain(isAbsolute(base) ? base : join(dirname(path), base), chain)
  })
  // A base's name is that of its own runs. What two bases share comes before both, once.
  const inherited = above.map((one) => ({ ...one, value: without(one.value, 'name') }))
  const first = inherited.filter((one, index) => inherited.findIndex(({ path: other }) => other === one.path) === index)
  return [...first, { ...file, value }]
}

const without = (value: Json, key: string): Json => Object.fromEntries(Object.entries(value).filter(([k]) => k !== key))

const isSection = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Sections are joined key by key; a list or a value takes the place of what was there, and so does an empty key. */
function merge(base: Json, over: Json): Json {
  const merged: Json = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const before = Object.hasOwn(base, key) ? base[key] : undefined
    merged[key] = isSection(before) && isSection(value) ? merge(before, value) : value
  }
  return merged
}

/** The place of a key in the file that has the last word on it. */
function placeOf(files: readonly RecipeFile[], keys: string[]): string {
  const found = files.flatMap((file) => {
    const place = offsetOf(file.document, keys)
    return place ? [{ ...place, file }] : []
  })
  const deepest = Math.max(0, ...found.map(({ depth }) => depth))
  const last = found.findLast(({ depth }) => depth === deepest)
  return last ? last.file.at(last.offset) : files[files.length - 1].path
}

/**
 * Reads a YAML recipe with those that it extends, applies assignments (`train.lr=1e-5`, the value as YAML) and validates the result.
 * @throws UserError that lists all problems with file, line and column, or the `--set` they come from.
 */
export const loadRecipe = (path: string, sets: string[] = []): Recipe => loadAs(path, trainFormat, sets)

/** {@link loadRecipe} for any kind of recipe. */
export function loadAs<R>(path: string, format: RecipeFormat<R>, sets: string[] = []): R {
  const files = readChain(orShipped(path))
  const value = files.reduce<Json>((base, file) => merge(base, file.value), {})
  const assignments = sets.map(parseAssignment)
  for (const assignment of assignments) assign(value, assignment)

  const locate = (keys: string[]): string => {
    const assigned = assignments.findLast((one) => one.path.every((key, index) => key === keys[index]))
    return assigned ? `--set ${cut(assigned.text, 200)}` : placeOf(files, keys)
  }
  const result = checkRecipe({ name: nameOf(path), ...value }, format)
  if (!('recipe' in result)) throw recipeError(path, result.problems, hintFor(format, value), locate)
  rememberPlaces(result.recipe as object, locate)
  return result.recipe
}
