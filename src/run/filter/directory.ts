/**
 * A filter on disk:
 *
 *   filter.json      what is sampled and how; written first, and what going on must agree with
 *   rates.jsonl      measured problems, a line each, synced as they are measured; never changed
 *   rates.parquet    the same when all are there
 *   kept.parquet     problems whose rate is in the range
 *   manifest.json    written last: counts, cost, and what makes the directory a task
 */
import { join } from 'node:path'
import type { ProblemLine } from '../problems/journal.js'

/** A line of rates.jsonl. */
export interface MeasuredRate extends ProblemLine {
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
