/** Where everything of a run lies, and how a new run gets its directory. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../base/errors.js'

export interface RunPaths {
  directory: string
  config: string
  environment: string
  metrics: string
  evaluations: string
  /** What the ledger measured, a line for each optimizer step of a ledger step. */
  ledger: string
  /** Warnings of the training loop, e.g. skipped updates: {step, time, message}. */
  warnings: string
  rollouts: string
  checkpoints: string
}

export function runPaths(directory: string): RunPaths {
  return {
    directory,
    config: join(directory, 'config.yaml'),
    environment: join(directory, 'environment.json'),
    metrics: join(directory, 'metrics.jsonl'),
    evaluations: join(directory, 'eval.jsonl'),
    ledger: join(directory, 'ledger.jsonl'),
    warnings: join(directory, 'warnings.jsonl'),
    rollouts: join(directory, 'rollouts'),
    checkpoints: join(directory, 'checkpoints'),
  }
}

export const stepName = (step: number) => `step-${String(step).padStart(6, '0')}`

/** The step in `step-000020`, with an optional ending; undefined for any other name. */
export function stepOf(name: string, ending = ''): number | undefined {
  const match = /^step-(\d{6,})(.*)$/.exec(name)
  return match && match[2] === ending ? Number(match[1]) : undefined
}

/** `20260102-030405`, in UTC: names directories in the order of time. */
export const timeStamp = (time: Date): string =>
  time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')

/** runs/NAME-YYYYMMDD-HHMMSS (UTC), with a number behind where that is taken. */
export function defaultRunDirectory(name: string, time: Date, root = 'runs'): string {
  const base = join(root, `${name}-${timeStamp(time)}`)
  let directory = base
  for (let n = 2; existsSync(directory); n++) directory = `${base}-${n}`
  return directory
}

/** The newest run of that name: what `--resume` without `--run` continues. */
export function latestRunDirectory(name: string, root = 'runs'): string | undefined {
  if (!existsSync(root)) return undefined
  const runs = readdirSync(root)
    .filter((entry) => entry.startsWith(`${name}-`) && /^\d{8}-\d{6}(-\d+)?$/.test(entry.slice(name.length + 1)))
    .filter((entry) => existsSync(runPaths(join(root, entry)).config))
    .sort()
  return runs.length === 0 ? undefined : join(root, runs[runs.length - 1])
}

/** @throws UserError where something is there already. */
export function requireFresh(directory: string): void {
  if (!existsSync(directory)) return
  if (!statSync(directory).isDirectory()) {
    throw new UserError(`${directory}: is a file, not a run directory`, { hint: 'choose another directory by --run' })
  }
  if (existsSync(runPaths(directory).config)) {
    throw new UserError(`${directory}: holds a run already`, {
      hint: 'continue it with --resume, or choose another directory by --run',
    })
  }
  if (readdirSync(directory).some((entry) => !entry.startsWith('.'))) {
    throw new UserError(`${directory}: is not empty and holds no run`, { hint: 'choose another directory by --run' })
  }
}

/** @throws UserError where there is no run to continue. */
export function requireRun(directory: string): void {
  if (!existsSync(directory)) {
    throw new UserError(`${directory}: no such run`, { hint: 'leave out --resume to start one there' })
  }
  if (!existsSync(runPaths(directory).config)) {
    throw new UserError(`${directory}: is not a run (no config.yaml)`, {
      hint: 'give the directory of a run by --run, or leave out --resume to start one',
    })
  }
}
