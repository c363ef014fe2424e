/** One run as it stands, kept current by polling its files. It reads what `run` writes and never touches the run. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { runPaths } from '../../run/store/run-directory.js'
import type { StepMetrics } from '../../train/events.js'
import { type Concern, HealthWatch, healthFacts } from '../../train/health/health.js'
import { metricOf } from '../../train/metrics/catalogue.js'
import type { RunSource } from './sources.js'
import { JsonLinesTail } from './tail.js'

type Numbers = Record<string, number>
interface StepLine extends Numbers {
  step: number
}

/** running: its lock is fresh. finished: all steps are there. stopped: neither. */
export type RunStatus = 'running' | 'finished' | 'stopped'

export interface RunSummary {
  id: string
  name: string
  status: RunStatus
  model?: string
  method?: string
  algorithm?: string
  seed?: number
  step: number
  steps?: number
  /** Seconds, by the pace of the last steps; only of a running one. */
  secondsLeft?: number
  reward?: number
  entropy?: number
  avgAtK?: number
  passAtK?: number
  warnings: number
  /** What is wrong now, in a few words each. */
  concerns: string[]
  /** Milliseconds since 1970 of its last step, or of its start. */
  updated: number
}

/** Columns of a run's metrics by step, from `from` on. */
export interface Series {
  /** Another number than before: what was sent earlier no longer holds. */
  generation: number
  count: number
  columns: Record<string, (number | null)[]>
}

/** A lock whose holder gave no sign for so long, milliseconds, is not a running one's. */
const signOfLife = 15_000

export class LiveRun {
  readonly source: RunSource
  readonly #metrics: JsonLinesTail<StepLine>
  readonly #evals: JsonLinesTail<StepLine>
  readonly #warnings: JsonLinesTail<{ step: number; message: string }>
  #config: Record<string, unknown> = {}
  #configText = ''
  #configTime = -1
  #status: RunStatus = 'stopped'
  #columns: Series = { generation: -1, count: 0, columns: {} }
  #health: { key: string; seen: number; watch: HealthWatch } | undefined

  constructor(source: RunSource) {
    this.source = source
    const paths = runPaths(source.directory)
    this.#metrics = new JsonLinesTail(paths.metrics)
    this.#evals = new JsonLinesTail(paths.evaluations)
    this.#warnings = new JsonLinesTail(paths.warnings)
  }

  /** Whether anything has changed since the last poll. */
  poll(): boolean {
    const read = [this.#metrics.poll(), this.#evals.poll(), this.#warnings.poll(), this.#readConfig()]
    const before = this.#status
    this.#status = this.#currentStatus()
    return read.includes(true) || before !== this.#status
  }

  get config(): Record<string, unknown> {
    return this.#config
  }

  get configText(): string {
    return this.#configText
  }

  get steps(): number | undefined {
    const steps = this.setting('train.steps')
    return typeof steps === 'number' ? steps : undefined
  }

  /** A value of the config by its dotted path. */
  setting(path: string): unknown {
    let value: unknown = this.#config
    for (const key of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[key]
    return value
  }

  summary(): RunSummary {
    const last = this.#metrics.lines.at(-1)
    const evaluation = this.#evals.lines.at(-1)
    const { id, name } = this.source
    const method = this.setting('entropy.method')
    const step = last?.step ?? 0
    return {
      id,
      name,
      status: this.#status,
      ...textOf('model', this.setting('model')),
      ...textOf('method', Array.isArray(method) ? method.join(' + ') : method),
      ...textOf('algorithm', this.setting('algorithm.name')),
      ...numberOf('seed', this.setting('seed')),
      step,
      ...numberOf('steps', this.steps),
      ...(this.#status === 'running' ? numberOf('secondsLeft', this.#secondsLeft()) : {}),
      ...numberOf('reward', last?.reward_mean),
      ...numberOf('entropy', last?.entropy_nats ?? last?.entropy_estimate_nats),
      ...numberOf('avgAtK', evaluation?.avg_at_k),
      ...numberOf('passAtK', evaluation?.pass_at_k),
      warnings: this.#warnings.lines.length,
      concerns: this.concerns().map(({ label }) => label),
      updated: this.#updated(),
    }
  }

  /** The steps so far, by step: a step that was written twice counts once. */
  lines(): StepMetrics[] {
    const byStep = new Map(this.#metrics.lines.map((line) => [line.step, line]))
    return [...byStep.values()] as unknown as StepMetrics[]
  }

  series(from = 0): Series {
    const { lines, generation } = this.#metrics
    if (this.#columns.generation !== generation) this.#columns = { generation, count: 0, columns: {} }
    append(this.#columns, lines)
    const { count, columns } = this.#columns
    const part = Object.entries(columns).flatMap(([key, values]) => {
      const shown = from === 0 ? values : values.slice(from)
      return shown.some((value) => value !== null) ? [[key, shown]] : []
    })
    return { generation, count, columns: Object.fromEntries(part) }
  }

  evaluations(): Series {
    const { lines, generation } = this.#evals
    return append({ generation, count: 0, columns: {} }, lines)
  }

  warnings(): { step: number; message: string }[] {
    return this.#warnings.lines
  }

  /** What is wrong after the last step. Each line is looked at once. */
  concerns(): Concern[] {
    const { lines, generation } = this.#metrics
    const facts = healthFacts(this.#config)
    const key = `${generation} ${facts.groups} ${facts.steps}`
    if (this.#health?.key !== key) this.#health = { key, seen: 0, watch: new HealthWatch(facts) }
    for (; this.#health.seen < lines.length; this.#health.seen++) this.#health.watch.after(lines[this.#health.seen]!)
    return this.#health.watch.standing()
  }

  #secondsLeft(): number | undefined {
    const recent = this.#metrics.lines.slice(-20)
    const steps = this.steps
    if (steps === undefined || recent.length === 0) return undefined
    const seconds = recent.map((line) => (line.rollout_seconds ?? 0) + (line.train_seconds ?? 0))
    return (seconds.reduce((a, b) => a + b, 0) / seconds.length) * Math.max(0, steps - recent.at(-1)!.step)
  }

  #updated(): number {
    const time = this.#metrics.lines.at(-1)?.time as unknown
    const parsed = typeof time === 'string' ? Date.parse(time) : Number.NaN
    return Number.isNaN(parsed) ? this.#configTime : parsed
  }

  #currentStatus(): RunStatus {
    const last = this.#metrics.lines.at(-1)?.step ?? 0
    try {
      const { mtimeMs } = statSync(join(this.source.directory, '.lock'))
      if (Date.now() - mtimeMs < signOfLife) return 'running'
    } catch {
      // No lock: nobody writes.
    }
    return this.steps !== undefined && last >= this.steps ? 'finished' : 'stopped'
  }

  #readConfig(): boolean {
    const { config } = runPaths(this.source.directory)
    try {
      if (!existsSync(config)) return false
      const { mtimeMs, size } = statSync(config)
      if (mtimeMs === this.#configTime || size > 2 ** 20) return false
      const text = readFileSync(config, 'utf8')
      this.#configTime = mtimeMs
      this.#configText = text
      this.#config = (parse(text, { logLevel: 'silent' }) as Record<string, unknown> | null) ?? {}
      return true
    } catch {
      return false
    }
  }
}

const textOf = <K extends string>(key: K, value: unknown) => (typeof value === 'string' ? { [key]: value } : {})
const numberOf = <K extends string>(key: K, value: unknown) =>
  typeof value === 'number' && Number.isFinite(value) ? { [key]: value } : {}

/** The rows that are new, as columns; a number that a row lacks is null. `time` becomes seconds since 1970. */
function append(series: Series, lines: readonly StepLine[]): Series {
  const { columns } = series
  for (; series.count < lines.length; series.count++) {
    for (const [key, value] of Object.entries(lines[series.count]!)) {
      const number = key === 'time' ? Date.parse(String(value)) / 1000 : value
      if (typeof number !== 'number' || !Number.isFinite(number)) continue
      columns[key] ??= []
      const column = columns[key]
      while (column.length < series.count) column.push(null)
      column.push(key === 'time' || Number.isInteger(number) ? number : Number(number.toPrecision(6)))
    }
  }
  for (const column of Object.values(columns)) while (column.length < series.count) column.push(null)
  return series
}

/** Columns that are no metrics: they place the others. */
const places = new Set(['step', 'time'])

/** What the catalogue says of the keys that a run has; a key that it does not know stands for itself. */
export function describeMetrics(keys: Iterable<string>) {
  return [...keys]
    .filter((key) => !places.has(key))
    .map((key) => {
      const { title = key, unit, caption = '', better } = metricOf(key) ?? {}
      return { key, title, unit, caption, better }
    })
}
