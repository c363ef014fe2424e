import { existsSync, readFileSync } from 'node:fs'
import { UserError } from '../../base/errors.js'
import { parseJson } from '../../base/json.js'
import { type Disk, replaceFile } from './disk.js'
import { isJsonObject } from './json-file.js'

/**
 * The objects of a JSON-lines file that a running process appends to. A last line without its end (a process killed
 * while writing) is not there yet; a broken line before it is damage.
 * @throws UserError that names file and line.
 */
export function readJsonLines<T>(path: string): T[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  lines.pop()
  return lines.map((line, index) => {
    const damaged = (cause?: unknown) =>
      new UserError(`${path}:${index + 1}: not a JSON object`, {
        hint: 'the file is damaged: mend or remove that line',
        cause,
      })
    let value: unknown
    try {
      value = parseJson(line)
    } catch (cause) {
      throw damaged(cause)
    }
    if (!isJsonObject(value)) throw damaged()
    return value as T
  })
}

/** Not a number and infinity have no JSON: such a quantity is absent, as one that does not apply. */
export function toJsonLine(value: object): string {
  return `${JSON.stringify(value, (_, child) => (typeof child === 'number' && !Number.isFinite(child) ? undefined : child))}\n`
}

/** Drops the lines of later steps, atomically; also a torn last line. */
export function cutAfterStep(disk: Disk, path: string, step: number): void {
  if (!existsSync(path)) return
  const kept = readJsonLines<{ step: number }>(path).filter((line) => line.step <= step)
  const text = kept.map(toJsonLine).join('')
  if (text !== readFileSync(path, 'utf8')) replaceFile(disk, path, text)
}
