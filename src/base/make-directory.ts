import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a directory and its parents, one by one. Node's `recursive` tries forever where a parent exists in which nothing
 * can be made and the system says ENOENT, as below /proc.
 */
export function makeDirectory(path: string): void {
  const missing: string[] = []
  let place = resolve(path)
  while (!existsSync(place) && dirname(place) !== place) {
    missing.push(place)
    place = dirname(place)
  }
  if (missing.length === 0 && !statSync(place).isDirectory()) mkdirSync(place)
  for (const directory of missing.reverse()) {
    try {
      mkdirSync(directory)
    } catch (error) {
      // Another process may have been quicker.
      if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) throw error
    }
  }
}
