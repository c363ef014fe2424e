/**
 * A run directory as reports read it: while the run may still be writing, or after it was killed. What cannot be read
 * is left out and named in `problems`; only a directory without any metrics is an error.
 */

import { existsSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { parse } from 'yaml'
import { UserError } from '../../../base/errors.js'
import { parseJson } from '../../../base/json.js'
import type { RunEnvironment } from '../../../run/store/environment.js'
import { runPaths } from '../../../run/store/run-directory.js'
import type { EvalMetrics, StepMetrics } from '../../../train/events.js'

export interface RunData {
  directory: string
  /** The directory's own name. */
  name: string
  /** By step; a step that was written twice (by a resumed run) counts once, the later line. */
  metrics: StepMetrics[]
  evals: EvalMetrics[]
  /** config.yaml as it stands and as it parses. */
  configText?: string
  config: Record<string, unknown>
  environmentText?: string
  /** Of the training loop, one a step. */
  warnings: { step: number; message: string }[]
  problems: string[]
}

/** @throws UserError where there is no run. */
export function readRun(directory: string): RunData {
  const paths = runPaths(directory)
  if (!existsSync(directory)) throw new UserError(`${directory}: no such directory`)
  if (!existsSync(paths.metrics)) {
    throw new UserError(`${directory}: holds no run (no metrics.jsonl)`, {
      hint: 'give the directory that `isentrope train` printed as its run directory',
    })
  }
  const problems: string[] = []
  const configText = readText(paths.config)
  return {
    directory,
    name: basename(resolve(directory)),
    metrics: readSteps<StepMetrics>(paths.metrics, problems),
    evals: readSteps<EvalMetrics>(paths.evaluations, problems),
    configText,
    config: parseConfig(configText, problems),
    environmentText: readText(paths.environment),
    warnings: readSteps(paths.warnings, problems),
    problems,
  }
}

/** A value of the config by its dotted path, as text; undefined where there is none. */
export function setting(run: RunData, path: string): string | undefined {
  let value: unknown = run.config
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  if (Array.isArray(value) && value.length > 0) return value.join(' + ')
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

/** When the run was started and resumed, and behind which step; none where environment.json is not there or not whole. */
export function startsOf({ environmentText }: RunData): { time: string; step: number }[] {
  try {
    const environment = parseJson(environmentText ?? '{}') as Partial<RunEnvironment>
    return [...(environment.resumed_from ?? []), environment].flatMap(({ time, step }) =>
      time === undefined || step === undefined ? [] : [{ time, step }],
    )
  } catch {
    return []
  }
}

function readText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** The objects of a JSON-lines file that have a step. A torn last line is a run still writing, not a problem. */
function readSteps<T extends { step: number }>(path: string, problems: string[]): T[] {
  const text = readText(path)
  if (text === undefined) return []
  const byStep = new Map<number, T>()
  const lines = text.split('\n')
  lines.forEach((line, index) => {
    if (line.trim() === '') return
    const value = parseObject(line)
    if (value !== undefined && Number.isFinite(value.step)) byStep.set(value.step as number, value as T)
    else if (index < lines.length - 1) problems.push(`${basename(path)}, line ${index + 1}: not readable, left out`)
  })
  return [...byStep.values()].sort((a, b) => a.step - b.step)
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value = parseJson(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function parseConfig(text: string | undefined, problems: string[]): Record<string, unknown> {
  if (text === undefined) return {}
  try {
    const value: unknown = parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Named below, as what parses to something else.
  }
  problems.push('config.yaml: not readable, its settings are not shown')
  return {}
}
