/**
 * A filter on disk:
 *
 *   filter.json      what is sampled and how; written first, and what going on must agree with
 *   rates.jsonl      measured problems, a line each, synced as they are measured; never changed
 *   rates.parquet    the same when all are there
 *   kept.parquet     problems whose rate is in the range
 *   manifest.json    written last: counts, cost, and what makes the directory a task
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../base/errors.js'
import { type Disk, replaceFile } from '../store/disk.js'
import { readJsonFile } from '../store/json-file.js'
import { readJsonLines, toJsonLine } from '../store/json-lines.js'

/** A line of rates.jsonl. */
export interface MeasuredRate {
  /** The problem's place in the data. */
  index: number
  id: string
  correct: number
  samples: number
  pass_rate: number
  reward_mean: number
  /** Completion tokens, over all samples. */
  tokens: number
  /** Samples cut at the limit. */
  truncated: number
}

export interface FilterPaths {
  directory: string
  settings: string
  rates: string
  ratesParquet: string
  kept: string
  manifest: string
}

export function filterPaths(directory: string): FilterPaths {
  return {
    directory,
    settings: join(directory, 'filter.json'),
    rates: join(directory, 'rates.jsonl'),
    ratesParquet: join(directory, 'rates.parquet'),
    kept: join(directory, 'kept.parquet'),
    manifest: join(directory, 'manifest.json'),
  }
}

/** What decides the rates: JSON, compared as such. */
export type FilterSettings = Record<string, unknown>

/**
 * Makes the directory, or checks that what it holds was measured under the same settings.
 * @throws UserError for other content and other settings
 */
export function openFilterDirectory(disk: Disk, paths: FilterPaths, settings: FilterSettings): void {
  const { directory } = paths
  if (existsSync(directory) && !statSync(directory).isDirectory()) throw new UserError(`${directory}: is a file`)
  const before = readJsonFile<FilterSettings>(paths.settings)
  if (before !== undefined) {
    requireSame(directory, before, settings)
    return
  }
  const strangers = existsSync(directory) ? readdirSync(directory).filter((name) => !name.startsWith('.')) : []
  if (strangers.length > 0) {
    throw new UserError(`${directory}: is not empty and holds no filter's rates`, { hint: 'choose another by --out' })
  }
  disk.makeDirectory(directory)
  replaceFile(disk, paths.settings, `${JSON.stringify(settings, null, 2)}\n`)
}

function requireSame(directory: string, before: FilterSettings, settings: FilterSettings): void {
  const now = JSON.parse(JSON.stringify(settings)) as FilterSettings
  const differing = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]),
  )
  if (differing.length === 0) return
  const lines = differing.map(
    (key) => `  ${key}: ${JSON.stringify(before[key])} before, ${JSON.stringify(now[key])} now`,
  )
  throw new UserError(`${directory}: its rates were measured under other settings\n${lines.join('\n')}`, {
    hint: 'give the settings of before, or choose another directory by --out',
  })
}

/** The rates measured so far, by the problem's place; a torn last line is cut away. */
export function readRates(
  disk: Disk,
  paths: FilterPaths,
  ids: readonly string[],
  samples: number,
): Map<number, MeasuredRate> {
  const rates = new Map<number, MeasuredRate>()
  if (!existsSync(paths.rates)) return rates
  let lines: MeasuredRate[]
  try {
    lines = readJsonLines<MeasuredRate>(paths.rates)
  } catch (cause) {
    throw new UserError((cause as Error).message, { hint: 'remove the line to have its problem sampled anew', cause })
  }
  for (const line of lines) {
    if (ids[line.index] !== line.id || line.samples !== samples) {
      throw new UserError(`${paths.rates}: holds other problems than the data`, {
        hint: 'remove it to have all of them sampled anew',
      })
    }
    rates.set(line.index, line)
  }
  const text = lines.map(toJsonLine).join('')
  if (readFileSync(paths.rates, 'utf8') !== text) replaceFile(disk, paths.rates, text)
  return rates
}
