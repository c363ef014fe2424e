/** JSON lines on standard input, as a stream, with errors that name the line. */
import type { Readable } from 'node:stream'
import { parseExactJson } from '../base/decimals.js'
import { UserError } from '../base/errors.js'
import { endOfString, parseJson } from '../base/json.js'
import { splitLines } from '../base/lines.js'
import { shown } from '../base/shown.js'

export type JsonObject = Record<string, unknown>

/** Checks one line and gives it its type; complains through `fail`, which throws with the line's place, `where`. */
export type LineReader<T> = (line: JsonObject, fail: (message: string) => never, where: string) => T

/** The field as text, or a complaint. */
export function textField(line: JsonObject, name: string, fail: (message: string) => never): string {
  const value = line[name]
  if (value === undefined) return fail(`"${name}" is missing`)
  if (typeof value !== 'string') return fail(`"${name}" must be text (got ${shown(value)})`)
  return value
}

/** The field as token ids, or a complaint that names the offending one. */
export function tokensField(line: JsonObject, name: string, fail: (message: string) => never): number[] {
  const value = line[name]
  if (!Array.isArray(value)) return fail(`"${name}" must be a list of token ids (got ${shown(value)})`)
  if (value.length === 0) return fail(`"${name}" is empty`)
  const wrong = value.findIndex((id) => !Number.isSafeInteger(id) || id < 0)
  if (wrong >= 0)
    return fail(`"${name}" must hold whole numbers of at least 0 (entry ${wrong} is ${shown(value[wrong])})`)
  return value
}

export interface JsonInputOptions<T> {
  /** Names the input in errors. */
  name?: string
  parse?: (text: string) => unknown
  /** What stands for a line that is too long to read. Default: an error. */
  tooLong?: (message: string) => T
}

/**
 * Reads and checks line by line, as they are needed. Blank lines are skipped.
 * @throws UserError for a line that is not a JSON object or that `read` refuses, and for an input without lines.
 */
export async function* readJsonInput<T>(
  input: Readable,
  read: LineReader<T>,
  { name = 'stdin', parse = parseExactJson, tooLong }: JsonInputOptions<T> = {},
): AsyncGenerator<T> {
  let objects = 0
  for await (const line of splitLines(input, name)) {
    if (!line.tooLong && line.text.trim() === '') continue
    const where = `${name}:${line.number}`
    const fail = (message: string): never => {
      throw new UserError(`${where}: ${message}`)
    }
    objects++
    if (!line.tooLong) yield read(parseObject(line.text, parse, fail), fail, where)
    else yield (tooLong ?? fail)('the line is longer than 256 MiB')
  }
  if (objects === 0) throw new UserError(`${name}: no input`, { hint: 'give JSON objects, one a line; see --help' })
}

/** JSON as Python's `json` writes it: a bare -Infinity, which logs of log-probabilities have, is read as that text. */
export const parsePythonJson = (text: string): unknown =>
  parseJson(text.includes(bareInfinity) ? withQuotedInfinity(text) : text)

const bareInfinity = '-Infinity'

function withQuotedInfinity(text: string): string {
  let quoted = ''
  let done = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') at = endOfString(text, at)
    else if (text.startsWith(bareInfinity, at)) {
      quoted += `${text.slice(done, at)}"${bareInfinity}"`
      done = at + bareInfinity.length
      at = done - 1
    }
  }
  return quoted + text.slice(done)
}

function parseObject(line: string, parse: (text: string) => unknown, fail: (message: string) => never): JsonObject {
  let value: unknown
  try {
    value = parse(line)
  } catch (error) {
    return fail(`not valid JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fail(`must be a JSON object (got ${shown(value)})`)
  }
  return value as JsonObject
}

/** @throws UserError where nothing is piped in and a person would wait before a silent prompt. */
export function requirePiped(input: Readable & { isTTY?: boolean }, example: string): void {
  if (input.isTTY) throw new UserError('nothing on standard input', { hint: `pipe JSON lines in, e.g. ${example}` })
}
