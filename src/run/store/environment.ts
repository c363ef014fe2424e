/** environment.json: what a run ran on, enough to tell why two runs differ. */
import { execFileSync } from 'node:child_process'
import os from 'node:os'
import { version } from '../../base/package.js'
import type { BackendInfo } from '../../train/backend.js'

/** One start of a run: the first, or a resumption. */
export interface RunStart {
  /** ISO 8601. */
  time: string
  /** Steps done before this start. */
  step: number
  argv: string[]
  cwd: string
  isentrope: string
  node: string
  /** The engine and its version, e.g. `LibTorch 2.15.0`. */
  engine: string
  platform: string
  arch: string
  cpu: string
  cores: number
  memory_bytes: number
  device: string
  dtype: string
  threads: number
  /** Which attention training and scoring go through, and why that one. */
  attention?: string
  /** How numbers travel between the host and an accelerator, and why so; absent on the processor. */
  transfers?: string
  model: string
  parameters: number
  seed: number
  /** Of the working directory; absent outside a repository. */
  git?: { commit: string; dirty: boolean }
}

/** The present start, and those before it. */
export interface RunEnvironment extends RunStart {
  resumed_from?: RunStart[]
}

function git(...args: string[]): string | undefined {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5000 }).trim()
  } catch {
    return undefined
  }
}

function gitState(): RunStart['git'] {
  const commit = git('rev-parse', 'HEAD')
  return commit ? { commit, dirty: git('status', '--porcelain') !== '' } : undefined
}

export function describeStart(backend: BackendInfo, step: number, seed: number, argv: string[]): RunStart {
  const cpus = os.cpus()
  return {
    time: new Date().toISOString(),
    step,
    argv,
    cwd: process.cwd(),
    isentrope: version,
    node: process.version,
    engine: backend.engine,
    platform: process.platform,
    arch: process.arch,
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memory_bytes: os.totalmem(),
    device: backend.device,
    dtype: backend.dtype,
    threads: backend.threads,
    attention: backend.attention,
    transfers: backend.transfers,
    model: backend.model,
    parameters: backend.parameters,
    seed,
    git: gitState(),
  }
}

/** Adds a start to what is on record. */
export function nextEnvironment(previous: RunEnvironment | undefined, start: RunStart): RunEnvironment {
  if (!previous) return start
  const { resumed_from = [], ...last } = previous
  return { ...start, resumed_from: [...resumed_from, last] }
}

/** Differences after which a resumed run no longer equals the uninterrupted one bit for bit. */
export function environmentWarnings(previous: RunEnvironment | undefined, start: RunStart): string[] {
  if (!previous) return []
  const decisive = ['engine', 'platform', 'arch', 'cpu', 'device', 'threads', 'attention'] as const
  return (
    decisive
      // A start of an earlier version did not write every key.
      .filter((key) => previous[key] !== undefined && start[key] !== undefined && previous[key] !== start[key])
      .map(
        (key) =>
          `${key} was ${previous[key]} before and is ${start[key]} now: the run goes on, but no longer bit for bit as it ` +
          'would have without the interruption',
      )
  )
}
