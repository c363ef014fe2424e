/**
 * A method on a data set, whether it was measured by `isentrope eval` or during training, and which of them may stand
 * side by side: those whose problems, samples, seeds and sampling agree. What differs is named, never mixed.
 */
import { basename } from 'node:path'
import { differencesOf, type MeasuredDifference } from '../../../evaluate/differences.js'
import type { CurvePoint, Interval } from '../../../evaluate/figures.js'
import type { EvalResults } from '../../../run/evaluate/results.js'
import type { EvalMetrics } from '../../../train/events.js'
import type { RunData } from '../run/data.js'

export interface Measurement {
  method: string
  /** Colour and dash, the method's everywhere. */
  style: number
  data: string
  /** What must agree for figures to be compared. */
  conditions: Record<string, string>
  problems: number
  samples: number
  /** What tells right from wrong is absent without a verdict of the task. */
  avg?: number
  avgInterval?: Interval
  pass?: number
  passInterval?: Interval
  majority?: number
  majorityInterval?: Interval
  /** Pass@K and maj@K for K = 1, 2, 4 ...; measured by `isentrope eval` alone. */
  curve?: CurvePoint[]
  /** Share of problems solved in 0, 1, ... samples. */
  histogram?: number[]
  /** Right samples of each problem, in the order of the problems. */
  solved?: number[]
  /** Mean over all completions; absent in what was measured before it was written down. */
  reward?: number
  rewardInterval?: Interval
  entropy: number
  length: number
  truncated?: number
  /** Of a run: the step of this evaluation. */
  step?: number
  /** The common start of runs: shown beside them, not one of the methods. */
  start?: boolean
}

/** Measurements that may be compared with each other. */
export interface MeasurementGroup {
  data: string
  /** The data set, with what tells the group from others of the same data set. */
  label: string
  problems: number
  samples: number
  members: Measurement[]
}

export interface GroupDifference extends MeasuredDifference {
  label: string
  samples: number
  a: string
  b: string
}

/** The measurements of results.json; `rename` gives a model its name beside others. */
export function measurementsOfResults(
  results: EvalResults,
  rename: (model: string) => { name: string; style: number },
): Measurement[] {
  return results.results.flatMap((result): Measurement[] => {
    const data = results.data.find(({ name }) => name === result.data)
    if (data === undefined) return []
    const { settings, hash, ownGrader } = data
    const { name, style } = rename(result.model)
    return [
      {
        method: name,
        style,
        data: result.data,
        conditions: {
          'problem set': hash,
          problems: String(result.problems),
          samples: String(result.samples),
          temperature: String(settings.temperature),
          'top-p': String(settings.topP),
          'top-k': String(settings.topK),
          'min-p': String(settings.minP),
          'max new tokens': String(settings.maxNewTokens),
          'stop texts': JSON.stringify(settings.stopStrings),
          'evaluation seed': String(settings.seed),
          ...(ownGrader ? {} : { rule: settings.rule, 'cut completions': settings.requireStop ? 'wrong' : 'graded' }),
        },
        problems: result.problems,
        samples: result.samples,
        avg: result.avg_at_k,
        avgInterval: result.avg_at_k_interval,
        pass: result.pass_at_k,
        passInterval: result.pass_at_k_interval,
        majority: result.maj_at_k,
        majorityInterval: result.maj_at_k_interval,
        curve: result.curve,
        histogram: result.pass_histogram,
        solved: result.per_problem.every(({ correct }) => correct !== undefined)
          ? result.per_problem.map(({ correct }) => correct!)
          : undefined,
        reward: result.reward_mean,
        rewardInterval: result.reward_mean_interval,
        entropy: result.entropy_nats,
        length: result.length.mean,
        truncated: result.truncated_fraction,
      },
    ]
  })
}

/** A run's evaluation at one step, the last by default; undefined for a run without. */
export function measurementOfRun(
  run: { name: string; style: number; data: RunData },
  evaluation: EvalMetrics | undefined = run.data.evals.at(-1),
): Measurement | undefined {
  if (evaluation === undefined) return undefined
  const config = run.data.config as RunConfig
  const task = config.eval?.task ?? config.task
  const sampling = config.rollout ?? {}
  return {
    method: run.name,
    style: run.style,
    data: basename(task?.name ?? 'held-out problems'),
    conditions: {
      'problem set': evaluation.problems_hash ?? `that of ${JSON.stringify(task)}`,
      problems: String(evaluation.problems),
      samples: String(evaluation.samples),
      temperature: String(config.eval?.temperature ?? sampling.temperature ?? 1),
      'top-p': '1',
      'top-k': '0',
      'min-p': '0',
      'max new tokens': String(sampling.maxNewTokens),
      'stop texts': JSON.stringify(sampling.stopStrings ?? []),
      'evaluation seed': String(config.eval?.seed ?? 0),
    },
    problems: evaluation.problems,
    samples: evaluation.samples,
    avg: evaluation.avg_at_k,
    avgInterval: evaluation.avg_at_k_interval,
    pass: evaluation.pass_at_k,
    passInterval: evaluation.pass_at_k_interval,
    histogram: evaluation.pass_histogram,
    solved: evaluation.solved,
    reward: evaluation.reward_mean,
    entropy: evaluation.entropy_nats,
    length: evaluation.completion_length_mean,
    truncated: evaluation.truncated_fraction,
    step: evaluation.step,
  }
}

interface RunConfig {
  task?: { name: string }
  eval?: { task?: { name: string }; temperature?: number; seed?: number }
  rollout?: { temperature?: number; maxNewTokens?: number; stopStrings?: string[] }
}

/** What the runs began with, where all of them were evaluated before their first step and found alike. */
export function measurementOfStart(
  runs: readonly { name: string; style: number; data: RunData }[],
  style: number,
): Measurement | undefined {
  const starts = runs.map((run) => {
    const evaluation = run.data.evals.find(({ step }) => step === 0)
    return evaluation && measurementOfRun(run, evaluation)
  })
  const [first] = starts
  if (first === undefined || runs.every(({ data }) => data.evals.length < 2)) return undefined
  const alike = starts.every(
    (each) =>
      each !== undefined &&
      each.avg === first.avg &&
      each.pass === first.pass &&
      each.reward === first.reward &&
      differing(each, first).length === 0,
  )
  return alike ? { ...first, method: 'before training', style, start: true } : undefined
}

/** Keys that both have, with values that differ. */
function differing(a: Measurement, b: Measurement): string[] {
  return Object.keys(a.conditions).filter((key) => key in b.conditions && a.conditions[key] !== b.conditions[key])
}

/** In the order in which they first appear. */
export function groupMeasurements(measurements: readonly Measurement[]): MeasurementGroup[] {
  const groups: Measurement[][] = []
  for (const each of measurements) {
    const group = groups.find(
      (members) => members[0]!.data === each.data && members.every((member) => differing(member, each).length === 0),
    )
    if (group) group.push(each)
    else groups.push([each])
  }
  return groups.map((members) => {
    const [first] = members as [Measurement]
    const others = groups.filter((other) => other !== members && other[0]!.data === first.data)
    const told = keysApart(
      first,
      others.map(([other]) => other!),
    ).map((key) => conditionText(key, first.conditions[key]!))
    const label = others.length === 0 ? first.data : `${first.data} (${told.join(', ')})`
    return { data: first.data, label, problems: first.problems, samples: first.samples, members }
  })
}

/** The conditions in which any of the others differs from the first, in their own order. */
function keysApart(first: Measurement, others: readonly Measurement[]): string[] {
  const apart = new Set(others.flatMap((other) => differing(first, other)))
  return Object.keys(first.conditions).filter((key) => apart.has(key))
}

function conditionText(key: string, value: string): string {
  if (key === 'problems' || key === 'samples') return `${value} ${key}`
  return `${key} ${value}`
}

/** What keeps measurements of one data set apart, in words. */
export function mismatches(groups: readonly MeasurementGroup[]): string[] {
  const names = [...new Set(groups.map(({ data }) => data))]
  return names.flatMap((data) => {
    const own = groups.filter((group) => group.data === data)
    if (own.length < 2) return []
    const [first, ...others] = own.map(({ members }) => members[0]!)
    const told = keysApart(first!, others).map((key) => {
      const byValue = new Map<string, string[]>()
      for (const { members } of own) {
        const value = members[0]!.conditions[key] ?? 'unknown'
        byValue.set(value, [...(byValue.get(value) ?? []), ...members.map(({ method }) => method)])
      }
      return `${key} ${[...byValue].map(([value, methods]) => `${value} (${methods.join(', ')})`).join(', ')}`
    })
    return [`${data}: measured under different conditions, so not compared with each other: ${told.join('; ')}.`]
  })
}

/** Every member of a group against its first, where the problems' own outcomes are known. */
export function groupDifferences(groups: readonly MeasurementGroup[]): GroupDifference[] {
  return groups.flatMap(({ label, samples, members }) => {
    const [first, ...others] = members.filter(({ start }) => !start)
    if (first?.solved === undefined) return []
    const outcomes = ({ solved }: Measurement) => solved!.map((correct) => ({ samples, correct }))
    return others
      .filter(({ solved }) => solved?.length === first.solved?.length)
      .flatMap((other) =>
        differencesOf(outcomes(first), outcomes(other)).map((difference) => ({
          label,
          samples,
          a: first.method,
          b: other.method,
          ...difference,
        })),
      )
  })
}
