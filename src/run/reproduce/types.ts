/**
 * A claim of the paper as data: which runs it needs, what is measured on each, and what difference of two measurements,
 * paired by seed, decides it. Nothing here is chosen after a run: criterion and settings are in the code, and printed
 * before the first step.
 */

import type { PairedInterval } from '../../evaluate/paired-t.js'
import type { EvalMetrics, LedgerLine, StepMetrics } from '../../train/events.js'

export const scaleNames = ['mini', 'small'] as const
export type ScaleName = (typeof scaleNames)[number]

/** Below this number of paired seeds nothing is called shown. */
export const seedsNeeded = 5
/** Seeds begin with it unless others are asked for: seed 0 and seed 100 were used up in choosing settings and criteria. */
export const usualFirstSeed = 1

/** `5 seeds`, `5 seeds from 6 on`, `seed 3`. */
export function seedsInWords(seeds: number, firstSeed: number): string {
  if (seeds === 1) return `seed ${firstSeed}`
  return firstSeed === usualFirstSeed ? `${seeds} seeds` : `${seeds} seeds from ${firstSeed} on`
}
/** What 'costs no performance' allows: Avg@K and Pass@K at most this much lower. */
export const performanceMargin = 0.02

/** A part of a recipe, by its keys; keys of the sections are merged. */
export type Changes = { readonly [key: string]: unknown }

/** One way to train; with a seed it is a run. */
export interface Variant {
  /** As tables and legends say it. */
  label: string
  changes: Changes
  /** Another policy than the scale's own: a directory of the package. */
  policy?: string
}

/** Where the claims are tried: the base recipe and the variants' own settings. */
export interface Scale {
  name: ScaleName
  /** In a sentence: policy, task, size. */
  words: string
  base: Changes
  /** A directory of the package, or a model's name. */
  policy: string
  variants: { readonly [name: string]: Variant }
  /** Nats to hold: one that GRPO passes on its way down, one above the start. */
  targets: { below: number; above: number }
}

/** What a finished run left behind. */
export interface RunRecord {
  seed: number
  steps: readonly StepMetrics[]
  evaluations: readonly EvalMetrics[]
  ledger: readonly LedgerLine[]
}

/** A number that a run is summed up in; undefined where the run does not have it. */
export interface Measure {
  name: string
  unit?: string
  of(run: RunRecord): number | undefined
}

export interface Term {
  /** Name of a variant. */
  variant: string
  measure: Measure
}

export interface Comparison {
  of: Term
  /** Subtracted, seed by seed; absent: 0. */
  against?: Term
  /** Which difference the claim states. `not below`: above minus {@link Comparison.margin}. */
  expected: 'above' | 'below' | 'not below'
  margin?: number
  /** False: reported beside the claim, without a say in its verdict. */
  decides?: boolean
}

export interface Claim {
  id: string
  /** What is claimed, a sentence. */
  title: string
  /** How it is tried, a sentence or two. */
  experiment: string
  comparisons: readonly Comparison[]
  figures: readonly FigurePlan[]
}

/** The runs of a claim by variant, each list in the order of the seeds; a run that is missing is undefined. */
export type RunTable = ReadonlyMap<string, readonly (RunRecord | undefined)[]>

export interface FigurePlan {
  /** Variants that it draws; they are run even where no comparison needs them. */
  variants: readonly string[]
  draw(runs: RunTable, labels: (variant: string) => string): FigureData
}

interface FigureHead {
  id: string
  title: string
  unit?: string
  caption: string
}

/** A figure without its looks; JSON. */
export type FigureData =
  | (FigureHead & { kind: 'lines'; series: { name: string; points: [number, number][] }[] })
  | (FigureHead & {
      kind: 'bars'
      labels: string[]
      xLabel: string
      yLabel: string
      series: { name: string; values: number[] }[]
    })
  | (FigureHead & {
      kind: 'scatter'
      xLabel: string
      yLabel: string
      panels: { name: string; points: { x: number; y: number; label: string }[] }[]
    })

export const verdicts = ['holds', 'not shown', 'contradicted'] as const
export type Verdict = (typeof verdicts)[number]

/** One comparison with its numbers; JSON. */
export interface ComparisonOutcome {
  label: string
  unit?: string
  expected: Comparison['expected']
  margin?: number
  decides: boolean
  verdict: Verdict
  /** Why it is not shown, where it is not the interval. */
  reason?: string
  /** Per seed; null where a run is missing or has no such number. */
  of: (number | null)[]
  against?: (number | null)[]
  difference: (number | null)[]
  /** Absent with fewer than two pairs. */
  interval?: PairedInterval
}

/** JSON. */
export interface ClaimOutcome {
  id: string
  title: string
  experiment: string
  /** Deciding comparisons and what each must be. */
  criteria: string[]
  /** Absent where the claim could not be tried at all. */
  verdict?: Verdict
  unavailable?: string
  comparisons: ComparisonOutcome[]
  figures: FigureData[]
}
