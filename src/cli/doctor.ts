/** Whether everything that a run needs is there: the engine, its devices, the cache. */
import { access, constants } from 'node:fs/promises'
import type { Command } from 'commander'
import pc from 'picocolors'
import { makeDirectory } from '../base/make-directory.js'
import { version } from '../base/package.js'
import { bytesIn, cacheDirectory } from '../fetch/cache.js'
import { freeBytes } from '../fetch/install.js'
import { formatBytes, formatNumber } from '../report/format.js'
import {
  damagedTorchFiles,
  describePassedOver,
  ensureTorchWithProgress,
  loadProblem,
  type TorchInstall,
} from '../torch/install/index.js'
import { type EngineProbe, probeEngine } from '../torch/probe.js'
import { type AcceleratorReport, acceleratorRows, checkAccelerator } from './accelerator-check.js'
import { newCommand } from './command.js'
import { Exit, exitCodes } from './errors.js'
import { type Io, jsonLine, print, processIo } from './io.js'
import { planLines } from './plan-lines.js'

const help = `
Looks for LibTorch as every command does: ISENTROPE_TORCH, the active virtual or conda environment, a Python on the path, the
cache. If there is none, fetches the pinned version (ISENTROPE_OFFLINE=1 prevents that). Then tests it. If a CUDA device works,
also tests which attention training would use and how transfers work. The exit code is 1 if there are problems.

With --json, prints one line:
  {"version", "engine", "cache", "problems", "notes"}
  engine       {"version", "path", "devices", "threads", "source", "gflops", "accelerator"}, or null if none works
  accelerator  {"device", "dtype", "attention", "transfers"}, if CUDA works

Examples:
  $ isentrope doctor
  $ isentrope doctor --json
  $ ISENTROPE_TORCH=~/venv/lib/python3.12/site-packages isentrope doctor
`

/** What --json prints. */
export interface DoctorReport {
  version: string
  engine: EngineReport | null
  /** The cache directory. */
  cache: string
  /** What keeps a run from working, or a device from being used. */
  problems: string[]
  /** What was found and not used, and why. */
  notes: string[]
}

export interface EngineReport {
  version: string
  path: string
  devices: string[]
  threads: number
  source: string
  gflops: number
  /** Where a CUDA device works. */
  accelerator?: AcceleratorReport
}

/** The engine and what there is to say about it; tests put their own in its place. */
export type EngineCheck = (stderr: Io['stderr']) => Promise<Pick<DoctorReport, 'engine' | 'problems' | 'notes'>>

export function doctorCommand(io: Io = processIo, check: EngineCheck = checkEngine): Command {
  return newCommand('doctor', help)
    .option('--json', 'print one line of JSON')
    .action(async (flags: { json?: boolean }) => {
      const cache = cacheDirectory()
      const { engine, problems, notes } = await check(io.stderr)
      const report = { version, engine, cache, problems: [...problems, ...(await cacheProblems(cache))], notes }
      await print(io.stdout, flags.json ? jsonLine(report) : await describe(report, io.stdout.columns))
      if (report.problems.length > 0) throw new Exit(exitCodes.failed)
    })
}

/** Finds or fetches LibTorch, then tries it: first whether it loads, in a process of its own, since it may crash. */
export async function checkEngine(stderr: Io['stderr']): ReturnType<EngineCheck> {
  const notes: string[] = []
  try {
    const onPassedOver = (torch: Parameters<typeof describePassedOver>[0]) => notes.push(describePassedOver(torch))
    const install = await ensureTorchWithProgress({ onPassedOver }, stderr)
    const damaged = install.source === 'cache' ? await damagedTorchFiles() : []
    if (damaged.length > 0) {
      const hint = 'delete it and run this again'
      return { engine: null, problems: damaged.map((file) => `${file} is damaged: ${hint}`), notes }
    }
    const unloadable = await loadProblem(install)
    if (unloadable) {
      return {
        engine: null,
        problems: [`LibTorch ${install.version} in ${install.libDir} does not load: ${unloadable}`],
        notes,
      }
    }
    const found = describeEngine(install, probeEngine(install))
    return { ...found, notes: [...notes, ...found.notes] }
  } catch (error) {
    return { engine: null, problems: [problemText(error)], notes }
  }
}

/** What was found in an engine that works, with what training would do on its CUDA device. */
export function describeEngine(
  { version, source, lacksDriver }: Pick<TorchInstall, 'version' | 'source' | 'lacksDriver'>,
  { problems, ...probe }: EngineProbe,
  tryAccelerator = checkAccelerator,
): { engine: EngineReport; problems: string[]; notes: string[] } {
  const [, index] = probe.devices.map((name) => /^cuda:(\d+)$/.exec(name)).find((match) => match !== null) ?? []
  return {
    engine: {
      ...probe,
      source,
      accelerator: index === undefined ? undefined : tryAccelerator(Number(index)),
    },
    problems,
    notes: lacksDriver
      ? [`LibTorch ${version} is a CUDA build, and no NVIDIA driver was found here: it computes on the CPU`]
      : [],
  }
}

function problemText(error: unknown): string {
  const { message, hint } = error as { message?: string; hint?: string }
  return `${message ?? String(error)}${hint ? `. ${hint}` : ''}`
}

async function cacheProblems(cache: string): Promise<string[]> {
  try {
    makeDirectory(cache)
    await access(cache, constants.W_OK)
    return []
  } catch (error) {
    return [`The cache cannot be written: ${(error as Error).message}. Set ISENTROPE_CACHE to a directory of yours`]
  }
}

async function describe({ engine, cache, problems, notes }: DoctorReport, columns?: number): Promise<string> {
  const [used, free] = [await bytesIn(cache), await freeBytes(cache).catch(() => undefined)]
  const rows: [string, string][] = [
    ['isentrope', `${version}, Node ${process.versions.node}, ${process.platform}-${process.arch}`],
    ['LibTorch', engine ? `${engine.version} (${engine.source}) in ${engine.path}` : 'none that works'],
    ...(engine
      ? ([
          ['devices', engine.devices.join(', ')],
          ['threads', String(engine.threads)],
          ['product', `${formatNumber(engine.gflops)} GFLOP/s (float32, 1024 x 1024, CPU)`],
          ...(engine.accelerator ? acceleratorRows(engine.accelerator) : []),
        ] satisfies [string, string][])
      : []),
    ['cache', `${cache}, ${formatBytes(used)}${free === undefined ? '' : `, ${formatBytes(free)} free`}`],
    ...notes.map((note): [string, string] => ['note:', note]),
    ...problems.map((problem): [string, string] => ['problem:', problem]),
  ]
  return planLines(rows, columns) + (problems.length === 0 ? `${pc.green('Everything is there.')}\n` : '')
}
