/** A filter's outcome: what manifest.json says, and the tables beside it. */
import { version } from '../../base/package.js'
import { promptText } from '../../rollout/prompts.js'
import { type Column, tableParquet } from '../../task/data/parquet.js'
import { type KeepRange, keeps } from '../../task/data/pass-rates.js'
import type { TaskSpec } from '../../task/spec.js'
import type { Example } from '../../task/types.js'
import { type Disk, replaceFile } from '../store/disk.js'
import type { FilterPaths, MeasuredRate } from './directory.js'

/** manifest.json, and what `filter` returns. */
export interface FilterResult {
  format: 1
  isentrope: string
  source: { name: string }
  settings: Record<string, unknown>
  keep: string
  counts: {
    problems: number
    measured: number
    kept: number
    /** Never solved, and always. */
    unsolved: number
    solved: number
    tooHard: number
    tooEasy: number
  }
  passRateMean: number
  /** Problems by samples solved, 0 to `samples`. */
  histogram: number[]
  tokens: number
  truncatedFraction: number
  files: { train?: string; rates: string }
  /** How the kept problems are to be taken as a task. */
  task?: { complete: true; grader?: string; requireStop?: boolean }
}

/** What was measured, and of what. */
export interface Measured {
  spec: TaskSpec
  settings: Record<string, unknown>
  range: KeepRange
  examples: readonly Example[]
  rates: ReadonlyMap<number, MeasuredRate>
  samples: number
}

/** Counts and histogram of the rates so far. */
export function resultOf({ spec, settings, range, examples, rates, samples }: Measured): FilterResult {
  const all = [...rates.values()]
  const histogram = new Array<number>(samples + 1).fill(0)
  for (const { correct } of all) histogram[correct]!++
  const sum = (of: (rate: MeasuredRate) => number) => all.reduce((total, rate) => total + of(rate), 0)
  const kept = all.filter((rate) => keeps(range, rate)).length
  const middle = (range.low.numerator / range.low.denominator + range.high.numerator / range.high.denominator) / 2
  const out = all.filter((rate) => !keeps(range, rate))
  const grading = selfContained(spec, examples)
  return {
    format: 1,
    isentrope: version,
    source: { name: spec.name },
    settings,
    keep: range.text,
    counts: {
      problems: examples.length,
      measured: all.length,
      kept,
      unsolved: histogram[0]!,
      solved: histogram[samples]!,
      tooHard: out.filter((rate) => rate.pass_rate < middle).length,
      tooEasy: out.filter((rate) => rate.pass_rate >= middle).length,
    },
    passRateMean: all.length === 0 ? 0 : sum((rate) => rate.pass_rate) / all.length,
    histogram,
    tokens: sum((rate) => rate.tokens),
    truncatedFraction: all.length === 0 ? 0 : sum((rate) => rate.truncated) / (all.length * samples),
    files: { ...(grading ? { train: 'kept.parquet' } : {}), rates: 'rates.parquet' },
    ...(grading ? { task: grading } : {}),
  }
}

/** Whether the kept problems can be graded by their answers alone, so that the directory is a task of its own. */
function selfContained(spec: TaskSpec, examples: readonly Example[]): FilterResult['task'] {
  const generated = ['arithmetic', 'countdown'].includes(spec.name) || /\.[cm]?[jt]s$/i.test(spec.name)
  if (generated || examples.some(({ answer }) => answer === undefined)) return undefined
  const { grader, requireStop } = spec
  return {
    complete: true,
    ...(typeof grader === 'string' ? { grader } : {}),
    ...(typeof requireStop === 'boolean' ? { requireStop } : {}),
  }
}

/** The manifest comes last: with it, everything is there. */
export function writeResult(
  disk: Disk,
  paths: FilterPaths,
  result: FilterResult,
  examples: readonly Example[],
  rates: ReadonlyMap<number, MeasuredRate>,
  range: KeepRange,
): void {
  const inOrder = examples.map((example, index) => ({ example, rate: rates.get(index)! }))
  replaceFile(disk, paths.ratesParquet, ratesParquet(inOrder.map(({ rate }) => rate)))
  replaceFile(disk, paths.kept, keptParquet(inOrder.filter(({ rate }) => keeps(range, rate))))
  replaceFile(disk, paths.manifest, `${JSON.stringify(result, null, 2)}\n`)
}

const rateColumns: Column<MeasuredRate>[] = [
  { name: 'id', type: 'STRING', value: (rate) => rate.id },
  { name: 'correct', type: 'INT32', value: (rate) => rate.correct },
  { name: 'samples', type: 'INT32', value: (rate) => rate.samples },
  { name: 'pass_rate', type: 'DOUBLE', value: (rate) => rate.pass_rate },
  { name: 'reward_mean', type: 'DOUBLE', value: (rate) => rate.reward_mean },
  { name: 'tokens', type: 'INT32', value: (rate) => rate.tokens },
  { name: 'truncated', type: 'INT32', value: (rate) => rate.truncated },
]

/** rates.parquet */
const ratesParquet = (rates: readonly MeasuredRate[]): Uint8Array => tableParquet(rates, rateColumns)

interface Kept {
  example: Example
  rate: MeasuredRate
}

const keptColumns: Column<Kept>[] = [
  ...rateColumns.map(({ value, ...column }) => ({ ...column, value: ({ rate }: Kept) => value(rate) })),
  { name: 'problem', type: 'STRING', value: ({ example }) => promptText(example) },
  { name: 'answer', type: 'STRING', nullable: true, value: ({ example }) => example.answer ?? null },
]

/** kept.parquet: the prompts as the policy saw them. */
const keptParquet = (kept: readonly Kept[]): Uint8Array =>
  tableParquet(kept, keptColumns, { prompts: kept.map(({ example }) => example.prompt) })
