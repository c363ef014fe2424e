import { existsSync, readFileSync } from 'node:fs'
import { parseJson } from '../../base/json.js'

export const isJsonObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A file's JSON; undefined where there is no such file or it is not JSON. @throws the system's error where it cannot be read. */
export function readJsonFile<T>(path: string): T | undefined {
  if (!existsSync(path)) return undefined
  try {
    return parseJson(readFileSync(path, 'utf8')) as T
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return undefined
  }
}
