/** A task's training problems chosen and ordered by measured pass rates. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { UserError } from '../base/errors.js'
import { keeps, type PassRate, parseKeepRange, readPassRates } from './data/pass-rates.js'
import { shuffle } from './shuffle.js'
import { parseKeys, type TaskContext } from './spec.js'
import type { Example, Rng, Task } from './types.js'

export const passRatesSchema = z.strictObject({
  path: z.string().describe('directory that `filter` wrote, or a file of id, correct and samples'),
  keep: z.string().optional().describe("range of rates to train on, such as '(1/16, 15/16)'; absent: all"),
  order: z
    .enum(['shuffled', 'easy-first', 'hard-first'])
    .default('shuffled')
    .describe('order within an epoch; equal rates are shuffled'),
})

/** @throws UserError where the rates are not of this task's problems, or none is left. */
export async function withPassRates(task: Task, options: unknown, context: TaskContext): Promise<Task> {
  const { path, keep, order } = parseKeys(passRatesSchema, options, `task ${task.name}, passRates`, ['passRates'])
  const range = keep === undefined ? undefined : parseKeepRange(keep)
  const rates = await readPassRates(resolve(context.baseDirectory, path))
  const rateOf = ({ correct, samples }: PassRate) => correct / samples
  const choose = (examples: readonly Example[]): Example[] => {
    const known = examples.filter(({ id }) => rates.has(id))
    const kept = known.filter(({ id }) => range === undefined || keeps(range, rates.get(id)!))
    if (kept.length > 0) return kept
    throw new UserError(
      known.length === 0
        ? `task ${task.name}: ${path} has rates of none of its problems`
        : `task ${task.name}: no problem has a pass rate in ${keep}`,
    )
  }
  return {
    ...task,
    prompts(rng, split) {
      const source = task.prompts(rng, split)
      if (split !== 'train') return source
      if (!Array.isArray(source)) {
        throw new UserError(`task ${task.name}: passRates needs a task with a list of problems, not a stream of them`)
      }
      const kept = choose(source)
      return order === 'shuffled' ? kept : inOrder(kept, order === 'easy-first' ? -1 : 1, rng)
    },
  }

  /** Not an array, which the stream would shuffle. */
  function* inOrder(examples: readonly Example[], sign: number, rng: Rng): Generator<Example> {
    const mixed = shuffle([...examples], rng)
    yield* mixed.sort((a, b) => sign * (rateOf(rates.get(a.id)!) - rateOf(rates.get(b.id)!)))
  }
}
