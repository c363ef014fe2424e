/**
 * The directory of work that can be resumed: a file of its settings, written before anything else, and what was finished under
 * them.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { UserError } from '../../base/errors.js'
import { parseJson } from '../../base/json.js'
import { differingLeaves } from '../../base/leaves.js'
import { type Disk, replaceFile } from '../store/disk.js'

/** What decides the results: JSON, compared as such. */
export type WorkSettings = Record<string, unknown>

export interface WorkDirectory {
  directory: string
  /** The file of the settings. */
  settings: string
}

/** The settings that the work was begun under; undefined if it was not. @throws UserError for a file that is not JSON. */
export function readWorkSettings({ settings }: Pick<WorkDirectory, 'settings'>): WorkSettings | undefined {
  if (!existsSync(settings)) return undefined
  try {
    return parseJson(readFileSync(settings, 'utf8')) as WorkSettings
  } catch (cause) {
    throw new UserError(`${settings}: not readable`, { hint: 'choose another directory with --out', cause })
  }
}

/**
 * Makes the directory, or checks that what it holds was begun under the same settings. `holds` names what is kept in such a
 * directory: "an evaluation".
 * @throws UserError for other content, and for other settings, by name.
 */
export function openWorkDirectory(disk: Disk, work: WorkDirectory, settings: WorkSettings, holds: string): void {
  const { directory } = work
  if (existsSync(directory) && !statSync(directory).isDirectory()) throw new UserError(`${directory}: is a file`)
  const before = readWorkSettings(work)
  if (before !== undefined) {
    requireSame(directory, before, settings)
    return
  }
  const strangers = existsSync(directory) ? readdirSync(directory).filter((name) => !name.startsWith('.')) : []
  if (strangers.length > 0) {
    throw new UserError(`${directory}: is not empty and holds no ${holds}`, {
      hint: 'choose another directory with --out',
    })
  }
  disk.makeDirectory(directory)
  replaceFile(disk, work.settings, `${JSON.stringify(settings, null, 2)}\n`)
}

function requireSame(directory: string, before: WorkSettings, settings: WorkSettings): void {
  // As the file has them: without what is undefined.
  const differing = differingLeaves(before, JSON.parse(JSON.stringify(settings)), { lists: true })
  if (differing.length === 0) return
  const lines = differing.map(({ path, before, now }) => `  ${path}: ${before} before, ${now} now`)
  throw new UserError(`${directory}: was begun under other settings\n${lines.join('\n')}`, {
    hint: 'use the earlier settings, or choose another directory with --out',
  })
}
