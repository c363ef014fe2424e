import { UserError } from '../base/errors.js'
import { endOfString, parseJson } from '../base/json.js'
import { shown } from '../base/shown.js'
import { readText } from './file.js'

export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A number of the file, or NaN. `Number` itself throws for an object that has a `toString` key. */
export const asNumber = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN)

/** A text of the file, or ''. */
export const asText = (value: unknown): string => (typeof value === 'string' ? value : '')

/** A JSON object from a file. */
export function readJsonObject(path: string): JsonObject {
  return parseJsonObject(readText(path), path)
}

/** A JSON object whose top-level keys are distinct; `where` names its origin in errors. */
export function parseJsonObject(text: string, where: string): JsonObject {
  let value: unknown
  try {
    value = parseJson(text)
  } catch (cause) {
    throw new UserError(`${where} is not valid JSON: ${(cause as Error).message}`, { cause })
  }
  if (!isObject(value)) throw new UserError(`${where} holds no JSON object`)
  const duplicate = duplicateKey(text)
  if (duplicate !== undefined) throw new UserError(`${where} has the key ${shown(duplicate)} twice`)
  return value
}

const opens = new Set(['{', '['])
const closes = new Set(['}', ']'])

/** The first key that occurs twice at the top level of `text`, which is a valid JSON object. JSON.parse keeps the last. */
function duplicateKey(text: string): string | undefined {
  const seen = new Set<string>()
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (opens.has(character)) depth++
    else if (closes.has(character)) depth--
    else if (character === '"') {
      const end = endOfString(text, at)
      if (depth === 1 && text[afterSpace(text, end + 1)] === ':') {
        const name = JSON.parse(text.slice(at, end + 1)) as string
        if (seen.has(name)) return name
        seen.add(name)
      }
      at = end
    }
  }
  return undefined
}

/** Characters of JSON's white space are a space at most. */
function afterSpace(text: string, from: number): number {
  let at = from
  while (text[at] <= ' ') at++
  return at
}
