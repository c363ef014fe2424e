/**
 * What three runs from one start show, in words: each sentence states a measurement, and of a claim of the paper
 * (arXiv 2602.03392) whether it was seen here. Differences within two standard errors are called so.
 */
import { mean } from '../base/sample.js'
import type { EvalMetrics, StepMetrics } from '../train/events.js'

export interface QuickRun {
  name: string
  steps: readonly StepMetrics[]
  evaluations: readonly EvalMetrics[]
}

interface Measured {
  value: number
  /** Standard error over problems. */
  error: number
}

/** A fall of the entropy by less than this share is not called a collapse. */
const collapseFrom = 0.3

const three = (value = Number.NaN) => value.toFixed(3)

/** Mean share of samples that solve a problem, with the standard error over problems. */
function average({ pass_histogram = [], problems }: EvalMetrics): Measured {
  const rates = pass_histogram.map((share, solved) => ({ share, rate: solved / (pass_histogram.length - 1) }))
  const value = rates.reduce((sum, { share, rate }) => sum + share * rate, 0)
  const variance = rates.reduce((sum, { share, rate }) => sum + share * (rate - value) ** 2, 0)
  return { value, error: Math.sqrt(variance / problems) }
}

/** Share of problems solved at least once. */
function solved({ pass_histogram: [never = 1] = [], problems }: EvalMetrics): Measured {
  const value = 1 - never
  return { value, error: Math.sqrt((value * (1 - value)) / problems) }
}

/** Problems are the same in all evaluations, so that treating them as independent makes the error too large, not small. */
function compare(one: Measured, other: Measured): 'above' | 'below' | 'within two standard errors of' {
  const difference = one.value - other.value
  if (Math.abs(difference) <= 2 * Math.hypot(one.error, other.error)) return 'within two standard errors of'
  return difference > 0 ? 'above' : 'below'
}

const ends = ({ evaluations }: QuickRun) => ({ first: evaluations[0], last: evaluations[evaluations.length - 1] })

function measured(run: QuickRun): string {
  const { first, last } = ends(run)
  const change = (key: 'entropy_nats' | 'avg_at_k' | 'pass_at_k') => `${three(first[key])} → ${three(last[key])}`
  const k = last.samples
  return `${run.name}: entropy ${change('entropy_nats')} nats, Avg@${k} ${change('avg_at_k')}, Pass@${k} ${change('pass_at_k')}.`
}

function collapse(run: QuickRun): string {
  const { first, last } = ends(run)
  const fall = 1 - last.entropy_nats / first.entropy_nats
  const words = `${run.name}'s entropy ${fall >= 0 ? 'falls' : 'rises'} by ${Math.abs(100 * fall).toFixed(0)} %`
  return fall >= collapseFrom
    ? `Entropy collapse with plain ${run.name}: seen. ${words}.`
    : `Entropy collapse with plain ${run.name}: not seen in these steps. ${words}.`
}

function sharpening(run: QuickRun): string {
  const { first, last } = ends(run)
  const k = last.samples
  const avg = compare(average(last), average(first))
  const pass = compare(solved(last), solved(first))
  return (
    `${run.name} compared with its start: Avg@${k} is ${avg} it, and Pass@${k} is ${pass} it` +
    (avg === 'above' && pass === 'below' ? ', so it gains accuracy and loses breadth.' : '.')
  )
}

function control(clip: QuickRun, grpo: QuickRun): string {
  const [own, other] = [ends(clip).last, ends(grpo).last]
  const k = own.samples
  const gap = own.entropy_nats - other.entropy_nats
  // Without repeated seeds there is no error to hold the difference of two entropies against; a tenth is plainly visible.
  const more = gap > 0.1 * other.entropy_nats
  const masked = clip.steps.reduce(
    (sum, step) => sum + ((step.masked_low_fraction ?? 0) + (step.masked_high_fraction ?? 0)) / clip.steps.length,
    0,
  )
  return (
    `${clip.name} keeps more entropy than ${grpo.name}: ${more ? 'seen' : 'not seen'} ` +
    `(${three(own.entropy_nats)} and ${three(other.entropy_nats)} nats, ${(100 * masked).toFixed(1)} % of tokens masked). ` +
    `Its Avg@${k} is ${compare(average(own), average(other))} ${grpo.name}'s, and its Pass@${k} is ${compare(solved(own), solved(other))} ${grpo.name}'s.`
  )
}

function covariance(run: QuickRun): string[] {
  const values = run.steps.map(({ cov_A_Sc }) => cov_A_Sc).filter((value) => value !== undefined)
  if (values.length === 0) return []
  const positive = values.filter((value) => value > 0).length
  return [
    `Cov(A, Sc) with ${run.name}: above 0 in ${positive} of ${values.length} steps, mean ${mean(values).toPrecision(2)} nats; above 0 lowers entropy.`,
  ]
}

/** Lines of plain text; the first run is the one that the others are compared with. */
export function verdict(runs: readonly QuickRun[], seed: number): string[] {
  const complete = runs.filter(({ evaluations, steps }) => evaluations.length > 1 && steps.length > 0)
  const [grpo, ...clips] = complete
  const caveat = `One seed (${seed}) and one small policy: this shows what happened once and proves nothing about other seeds.`
  if (grpo === undefined || complete.length < runs.length) return ['Too few evaluations to compare.', caveat]
  return [
    ...complete.map(measured),
    collapse(grpo),
    sharpening(grpo),
    ...covariance(grpo),
    ...clips.map((clip) => control(clip, grpo)),
    caveat,
  ]
}
