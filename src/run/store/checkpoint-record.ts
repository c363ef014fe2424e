/** state.json of a checkpoint: what the loop continues from, and the hashes of the files beside it and of itself. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { parseJson } from '../../base/json.js'
import { wholeOrProblems } from '../../base/schema/state.js'
import type { SavedLoopState } from './checkpoint.js'
import { type FileHashes, hashText } from './file-hashes.js'
import { toJsonLine } from './json-lines.js'

export interface CheckpointRecord {
  format: 1
  step: number
  /** The metric that the best checkpoint is chosen by, and its value here, where it was measured at this step. */
  best: { metric: string; value?: number }
  loop: SavedLoopState
  /** Of every other file of the checkpoint; absent in one of an earlier version. */
  files?: FileHashes
}

const schema = z.object({
  format: z.literal(1),
  step: z.number().int().min(0),
  best: z.object({ metric: z.string(), value: z.number().optional() }),
  loop: z.looseObject({ step: z.number().int().min(0) }),
  files: z.record(z.string(), z.string()).optional(),
  sha256: z.string().optional(),
})

/** The line of state.json. Its last key is the hash of the line without it. */
export function recordLine(record: CheckpointRecord): string {
  const line = toJsonLine(record)
  return toJsonLine({ ...JSON.parse(line), sha256: hashText(line) })
}

/** What is said of a directory that is no whole checkpoint of its step. */
export const noRecord = 'no state.json and model/ of that step'

/** Where the file cannot be opened for another reason, nothing is known of it: a checkpoint is not given up for that. */
const saysDamage = (error: unknown) =>
  error instanceof SyntaxError ||
  ['ENOENT', 'ENOTDIR', 'EISDIR', 'EIO', 'ERR_STRING_TOO_LONG'].includes((error as { code?: string }).code ?? '')

export function readRecord(directory: string, step: number): CheckpointRecord | { damage: string } {
  let value: unknown
  try {
    value = parseJson(readFileSync(join(directory, 'state.json'), 'utf8'))
  } catch (error) {
    if (!saysDamage(error)) throw error
    return { damage: noRecord }
  }
  const { data: record, problems } = wholeOrProblems(schema, value)
  if (record === undefined) return { damage: `state.json: ${problems}` }
  const { sha256, ...rest } = value as { sha256?: string }
  if (record.step !== step || record.loop.step !== step || !existsSync(join(directory, 'model'))) {
    return { damage: noRecord }
  }
  if (sha256 !== undefined && hashText(toJsonLine(rest)) !== sha256) {
    return { damage: 'state.json is not as it was saved: its SHA-256 differs' }
  }
  return record
}
