/** Figures of a claim from its runs: curves are means over the seeds that have the step. */
import type { StepMetrics } from '../../train/events.js'
import type { FigurePlan, RunRecord } from './types.js'

interface Head {
  id: string
  title: string
  unit?: string
  caption: string
}

function meanCurve(
  runs: readonly (RunRecord | undefined)[],
  lines: (run: RunRecord) => [number, number | undefined][],
) {
  const byStep = new Map<number, number[]>()
  for (const run of runs) {
    if (!run) continue
    for (const [step, value] of lines(run)) {
      if (value === undefined || !Number.isFinite(value)) continue
      byStep.set(step, [...(byStep.get(step) ?? []), value])
    }
  }
  return [...byStep]
    .sort(([a], [b]) => a - b)
    .map(([step, values]): [number, number] => [step, values.reduce((sum, value) => sum + value, 0) / values.length])
}

function curves(
  head: Head,
  variants: readonly string[],
  lines: (run: RunRecord) => [number, number | undefined][],
): FigurePlan {
  return {
    variants,
    draw: (runs, labels) => ({
      kind: 'lines',
      ...head,
      series: variants.map((variant) => ({
        name: labels(variant),
        points: meanCurve(runs.get(variant) ?? [], lines),
      })),
    }),
  }
}

/** Several quantities of metrics.jsonl over the steps of one variant, a line for each. */
export const quantityCurves = (
  head: Head,
  quantities: readonly { name: string; key: keyof StepMetrics & string }[],
  variant: string,
): FigurePlan => ({
  variants: [variant],
  draw: (runs) => ({
    kind: 'lines',
    ...head,
    series: quantities.map(({ name, key }) => ({
      name,
      points: meanCurve(runs.get(variant) ?? [], ({ steps }) =>
        steps.map((line) => [line.step, line[key] as number | undefined]),
      ),
    })),
  }),
})

/** A quantity of metrics.jsonl over the steps, a line for each variant. */
export const stepCurves = (head: Head, key: keyof StepMetrics & string, variants: readonly string[]): FigurePlan =>
  curves(head, variants, ({ steps }) => steps.map((line) => [line.step, line[key] as number | undefined]))

/** A figure of the held-out evaluations over the steps. */
export const evalCurves = (
  head: Head,
  key: 'entropy_nats' | 'avg_at_k' | 'pass_at_k',
  variants: readonly string[],
): FigurePlan => curves(head, variants, ({ evaluations }) => evaluations.map((line) => [line.step, line[key]]))

/** Entropy of what training samples. */
export const entropyCurves = (id: string, variants: readonly string[]): FigurePlan =>
  stepCurves(
    { id: `${id}-entropy`, title: 'Entropy', unit: 'nats', caption: 'Mean over the tokens sampled in training.' },
    'entropy_nats',
    variants,
  )

/** Share of problems by the number of samples that solve them, at the last evaluation, mean over seeds. */
export const passHistogram = (id: string, variants: readonly string[]): FigurePlan => ({
  variants,
  draw(runs, labels) {
    const series = variants.map((variant) => {
      const ends = (runs.get(variant) ?? []).flatMap((run) => {
        const histogram = run?.evaluations.at(-1)?.pass_histogram
        return histogram ? [histogram] : []
      })
      const bins = ends[0]?.map((_: number, bin: number) => ends.reduce((sum, one) => sum + one[bin] / ends.length, 0))
      return { name: labels(variant), values: bins ?? [] }
    })
    const most = Math.max(...series.map(({ values }) => values.length))
    return {
      kind: 'bars',
      id: `${id}-pass-rates`,
      title: 'Pass rates at the end',
      caption: 'How often each held-out problem is solved: at 0 never, at the right end always.',
      labels: Array.from({ length: Math.max(0, most) }, (_, solved) => String(solved)),
      xLabel: `samples that solve the problem, of ${most - 1}`,
      yLabel: 'share of problems',
      series,
    }
  },
})

/** A point for each pair of a run, a panel for each variant, all seeds together. */
export const scatter = (
  head: Head & { xLabel: string; yLabel: string },
  variants: readonly string[],
  pairs: (run: RunRecord) => readonly (readonly [number, number])[],
): FigurePlan => ({
  variants,
  draw: (runs, labels) => ({
    kind: 'scatter',
    ...head,
    panels: variants.map((variant) => ({
      name: labels(variant),
      points: (runs.get(variant) ?? []).flatMap((run) =>
        run
          ? pairs(run).map(([x, y]) => ({
              x,
              y,
              label: `seed ${run.seed}: ${x.toPrecision(3)}, ${y.toPrecision(3)}`,
            }))
          : [],
      ),
    })),
  }),
})
