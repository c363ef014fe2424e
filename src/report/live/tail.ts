/** A growing JSON-lines file, read from where the last reading ended. A run that is resumed may have cut it: then from the start. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { parseJson } from '../../base/json.js'

/** Bytes read at once at most; a longer rest waits for the next poll. */
const mostBytes = 64 * 2 ** 20

export class JsonLinesTail<T> {
  readonly #path: string
  #offset = 0
  #inode = -1
  /** The last bytes before the offset: a file that was cut and has grown again has others there. */
  #seen = ''
  lines: T[] = []
  /** Grows whenever lines that were read before are no longer there. */
  generation = 0

  constructor(path: string) {
    this.#path = path
  }

  /** Reads what is new; returns whether anything changed. A torn last line waits until it is whole. */
  poll(): boolean {
    let file: number
    try {
      file = openSync(this.#path, 'r')
    } catch {
      return this.#offset > 0 && this.#restart()
    }
    try {
      const { size, ino } = fstatSync(file)
      let changed = false
      const cut = size < this.#offset || this.#before(file) !== this.#seen
      if (this.#offset > 0 && (cut || ino !== this.#inode)) changed = this.#restart()
      this.#inode = ino
      if (size === this.#offset) return changed
      const bytes = Buffer.alloc(Math.min(size - this.#offset, mostBytes))
      const read = readSync(file, bytes, 0, bytes.length, this.#offset)
      const end = bytes.lastIndexOf(10, read - 1) + 1
      if (end === 0) return changed
      for (const line of bytes.subarray(0, end).toString('utf8').split('\n')) {
        const value = parsed(line)
        if (value !== undefined) this.lines.push(value as T)
      }
      this.#offset += end
      this.#seen = this.#before(file)
      return true
    } finally {
      closeSync(file)
    }
  }

  #before(file: number): string {
    const bytes = Buffer.alloc(Math.min(64, this.#offset))
    readSync(file, bytes, 0, bytes.length, this.#offset - bytes.length)
    return bytes.toString('latin1')
  }

  #restart(): true {
    this.#offset = 0
    this.#seen = ''
    this.lines = []
    this.generation++
    return true
  }
}

/** An object, or nothing where the line is none. */
function parsed(line: string): object | undefined {
  if (line.trim() === '') return undefined
  try {
    const value = parseJson(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
