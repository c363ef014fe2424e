/**
 * An evaluation on disk:
 *
 *   eval.json                     what is evaluated and how; written first, and what --resume must agree with
 *   problems/MODEL-DATA.jsonl     finished problems with their completions, a line each, as they are finished
 *   results.json                  figures; equal for equal settings, so no times are in it
 *   responses.parquet             one row a response
 *   environment.json              when and on what it ran
 *   report.html
 *
 * A line of problems/ is written, synced and never changed; a line without its end (a process killed while writing) is
 * cut away. results.json appears when everything is there.
 */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../base/errors.js'
import { parseJson } from '../../base/json.js'
import type { EvaluatedProblem } from '../../evaluate/respond.js'
import { type Disk, replaceFile } from '../store/disk.js'
import { readJsonLines, toJsonLine } from '../store/json-lines.js'

export interface EvalPaths {
  directory: string
  manifest: string
  problems: string
  results: string
  responses: string
  environment: string
  report: string
}

export function evalPaths(directory: string): EvalPaths {
  return {
    directory,
    manifest: join(directory, 'eval.json'),
    problems: join(directory, 'problems'),
    results: join(directory, 'results.json'),
    responses: join(directory, 'responses.parquet'),
    environment: join(directory, 'environment.json'),
    report: join(directory, 'report.html'),
  }
}

/** What eval.json says: JSON, compared as such. */
export type Manifest = Record<string, unknown>

/**
 * Makes the directory of a new evaluation, or checks that a resumed one is the same.
 * @throws UserError where something else is there, or the settings differ.
 */
export function prepareDirectory(disk: Disk, paths: EvalPaths, manifest: Manifest, resume: boolean): void {
  const { directory } = paths
  if (existsSync(directory) && !statSync(directory).isDirectory()) throw new UserError(`${directory}: is a file`)
  if (existsSync(paths.manifest)) {
    if (!resume) {
      throw new UserError(`${directory}: holds an evaluation already`, {
        hint: 'go on with it by --resume, or choose another directory by --out',
      })
    }
    requireSame(directory, readManifest(paths.manifest), manifest)
  } else {
    const strangers = existsSync(directory) ? readdirSync(directory).filter((name) => !name.startsWith('.')) : []
    if (strangers.length > 0) {
      throw new UserError(`${directory}: is not empty and holds no evaluation`, { hint: 'choose another by --out' })
    }
    disk.makeDirectory(directory)
    replaceFile(disk, paths.manifest, `${JSON.stringify(manifest, null, 2)}\n`)
  }
  disk.makeDirectory(paths.problems)
}

export function readManifest(path: string): Manifest {
  try {
    return parseJson(readFileSync(path, 'utf8')) as Manifest
  } catch (cause) {
    throw new UserError(`${path}: not readable`, { hint: 'choose another directory by --out', cause })
  }
}

function requireSame(directory: string, before: Manifest, now: Manifest): void {
  const then = new Map(leaves(before))
  const present = new Map(leaves(JSON.parse(JSON.stringify(now))))
  const lines = [...new Set([...then.keys(), ...present.keys()])]
    .filter((key) => then.get(key) !== present.get(key))
    .map((key) => `  ${key}: ${then.get(key) ?? 'absent'} before, ${present.get(key) ?? 'absent'} now`)
  if (lines.length === 0) return
  throw new UserError(`${directory}: a resumed evaluation keeps its settings, but these differ\n${lines.join('\n')}`, {
    hint: 'give the settings of before, or start another evaluation in another directory',
  })
}

function leaves(value: unknown, path = ''): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[path, JSON.stringify(value)]]
  return Object.entries(value).flatMap(([key, child]) => leaves(child, path === '' ? key : `${path}.${key}`))
}

/** The finished problems of one model on one data set. */
export interface Journal {
  /** By the problem's place in its data set. */
  done: Map<number, EvaluatedProblem>
  append(problems: readonly EvaluatedProblem[]): void
}

/** A journal that is kept in memory alone. */
export function memoryJournal(): Journal {
  const done = new Map<number, EvaluatedProblem>()
  return { done, append: (problems) => remember(done, problems) }
}

export const journalPath = ({ problems }: EvalPaths, model: number, data: string): string =>
  join(problems, `${model + 1}-${data.replace(/[^\w.-]+/g, '_')}.jsonl`)

/**
 * Opens the journal of the `model`th model and the data set `data`; `expected` are the ids in the data set's order.
 * @throws UserError for a journal that is of other problems, or damaged.
 */
export function openJournal(
  disk: Disk,
  paths: EvalPaths,
  model: number,
  data: string,
  { ids, samples }: { ids: readonly string[]; samples: number },
): Journal {
  const path = journalPath(paths, model, data)
  const done = new Map<number, EvaluatedProblem>()
  const lines = readLines(path)
  for (const line of lines) {
    if (ids[line.index] !== line.id || line.responses?.length !== samples) {
      throw new UserError(`${path}: holds other problems than the data set`, {
        hint: 'remove it to have these problems sampled anew',
      })
    }
  }
  remember(done, lines)
  const text = lines.map(toJsonLine).join('')
  if (existsSync(path) && readFileSync(path, 'utf8') !== text) replaceFile(disk, path, text)
  return {
    done,
    append(problems) {
      disk.append(path, problems.map(toJsonLine).join(''))
      remember(done, problems)
    },
  }
}

function readLines(path: string): EvaluatedProblem[] {
  try {
    return readJsonLines<EvaluatedProblem>(path)
  } catch (cause) {
    throw new UserError((cause as Error).message, { hint: 'remove it to have its problems sampled anew', cause })
  }
}

function remember(done: Map<number, EvaluatedProblem>, problems: readonly EvaluatedProblem[]): void {
  for (const problem of problems) done.set(problem.index, problem)
}
