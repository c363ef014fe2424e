/** `entropy.target`: the entropy that the controller holds, a constant in nats or one that changes over the run. */
import { z } from 'zod'

const nats = z.number().min(0)
const point = z.tuple([z.number().int().min(1), nats])

export const entropyTarget = z.union(
  [
    nats,
    z.strictObject({ from: nats, to: nats, steps: z.number().int().min(1) }),
    z
      .array(point)
      .min(1)
      .refine((points) => points.every(([step], i) => i === 0 || step > points[i - 1][0]), {
        error: 'must have its steps in ascending order',
      }),
  ],
  {
    error:
      'must be nats of at least 0: a number, {from, to, steps}, or a list of [step, nats] whose steps ascend from 1 or later',
  },
)

export type EntropyTarget = z.output<typeof entropyTarget>

/**
 * The target of a step (from 1), in nats. `{from, to, steps}` is a line from step 1 to step `steps`; a list of [step, nats]
 * is joined by lines. Before the first point and after the last the value stays.
 */
export function targetAt(target: EntropyTarget, step: number): number {
  if (typeof target === 'number') return target
  const points = Array.isArray(target)
    ? target
    : ([
        [1, target.from],
        [target.steps, target.to],
      ] as const)
  const after = points.findIndex(([at]) => at > step)
  if (after === 0) return points[0][1]
  if (after < 0) return points[points.length - 1][1]
  const [[start, from], [end, to]] = [points[after - 1], points[after]]
  return from + ((to - from) * (step - start)) / (end - start)
}
