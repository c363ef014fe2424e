/** The numbers that a run is summed up in. Held-out problems and their draws are the same in every run. */
import { finite, mean, meanOfFinite } from '../../base/sample.js'
import type { EvalMetrics, StepMetrics } from '../../train/events.js'
import type { Measure, RunRecord } from './types.js'

type Figure = (evaluation: EvalMetrics) => number | undefined

const heldOut = (name: string, of: Figure, unit?: string): Measure => ({
  name,
  unit,
  of: ({ evaluations }) => (evaluations.length > 1 ? of(evaluations[evaluations.length - 1]) : undefined),
})

const last = <T>(values: readonly T[]) => values[values.length - 1]

export const entropyAtEnd = heldOut('held-out entropy at the end', (e) => e.entropy_nats, 'nats')
export const avgAtK = heldOut('held-out Avg@K at the end', (e) => e.avg_at_k)
export const passAtK = heldOut('held-out Pass@K at the end', (e) => e.pass_at_k)
export const neverSolved = heldOut('share of problems never solved', (e) => e.pass_histogram?.[0])
export const alwaysSolved = heldOut('share of problems always solved', (e) => e.pass_histogram?.at(-1))

export const entropyChange: Measure = {
  name: 'change of held-out entropy',
  unit: 'nats',
  of: ({ evaluations }) =>
    evaluations.length > 1 ? last(evaluations.map((e) => e.entropy_nats)) - evaluations[0].entropy_nats : undefined,
}

export const avgChange: Measure = {
  name: 'change of held-out Avg@K',
  of({ evaluations }) {
    const [from, to] = [evaluations[0]?.avg_at_k, evaluations.at(-1)?.avg_at_k]
    return evaluations.length > 1 && from !== undefined && to !== undefined ? to - from : undefined
  },
}

export const meanOf = (key: keyof StepMetrics & string, name: string, unit?: string): Measure => ({
  name,
  unit,
  of: ({ steps }) => meanOfFinite(steps.map((line) => line[key] as number | undefined)),
})

export const largestOf = (key: keyof StepMetrics & string, name: string, unit?: string): Measure => ({
  name,
  unit,
  of({ steps }) {
    const values = finite(steps.map((line) => line[key] as number | undefined))
    return values.length === 0 ? undefined : values.reduce((a, b) => Math.max(a, b))
  },
})

/** Mean |H - target| over the last half of the steps. */
export const distanceTo = (target: number): Measure => ({
  name: `distance of entropy from ${target}`,
  unit: 'nats',
  of: ({ steps }) =>
    meanOfFinite(steps.slice(Math.floor(steps.length / 2)).map((line) => Math.abs(line.entropy_nats - target))),
})

/** Pearson's correlation over pairs; undefined for fewer than three or where one side does not vary. */
export function correlation(pairs: readonly (readonly [number, number])[]): number | undefined {
  if (pairs.length < 3) return undefined
  const [mx, my] = [mean(pairs.map(([x]) => x)), mean(pairs.map(([, y]) => y))]
  let [xx, yy, xy] = [0, 0, 0]
  for (const [x, y] of pairs) {
    xx += (x - mx) ** 2
    yy += (y - my) ** 2
    xy += (x - mx) * (y - my)
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : undefined
}

export const correlationOf = (
  name: string,
  pairs: (run: RunRecord) => readonly (readonly [number, number])[],
): Measure => ({ name, of: (run) => correlation(pairs(run)) })
