import { z } from 'zod'
import { rngFrom } from '../base/philox.js'
import { integerBetween } from './shuffle.js'
import { parseSpec, type TaskSpec } from './spec.js'
import { isHeldOut } from './split.js'
import type { Example, Grade, Rng, Task } from './types.js'

const operations = ['+', '-', '*'] as const
type Operation = (typeof operations)[number]

export const arithmeticSchema = z
  .object({
    min: z.int().min(-1e6).default(0).describe('smallest operand'),
    max: z.int().max(1e6).default(20).describe('largest operand'),
    operations: z.array(z.enum(operations)).nonempty().default(['+']).describe('which of + - *'),
    evalShare: z.number().min(0).max(0.9).default(0.2).describe('share of the problems held out for evaluation'),
  })
  .describe('"What is a + b? Answer with the number only.", generated')

/** Above this many problems they are drawn at random instead of listed. */
const largestList = 20_000
/** So many held-out problems make the eval split where they are drawn. */
const largestEval = 1000

export interface ArithmeticExample extends Example {
  a: number
  b: number
  operation: Operation
  answer: string
}

function calculate(a: number, operation: Operation, b: number): number {
  if (operation === '+') return a + b
  return operation === '-' ? a - b : a * b
}

function makeExample(a: number, operation: Operation, b: number): ArithmeticExample {
  return {
    id: `${a}${operation}${b}`,
    prompt: [{ role: 'user', content: `What is ${a} ${operation} ${b}? Answer with the number only.` }],
    answer: String(calculate(a, operation, b)),
    a,
    b,
    operation,
  }
}

/** a + b and b + a are one problem to whoever has learned either: both are on the same side of the split. */
function identity(a: number, operation: Operation, b: number): string {
  return operation !== '-' && a > b ? `${b}${operation}${a}` : `${a}${operation}${b}`
}

/** The last number written in a text, or undefined. A minus sign counts where no digit or letter stands before it. */
export function lastNumber(text: string): number | undefined {
  const matches = text.match(/(?<![\w)])[-\u2212]?\d[\d,]*(?:\.\d+)?|\d[\d,]*(?:\.\d+)?/g)
  const last = matches?.at(-1)
  return last === undefined ? undefined : Number(last.replaceAll(',', '').replace('\u2212', '-'))
}

/**
 * Sums (and differences, products) of small whole numbers. Reward 1 where the last number of the completion is the
 * right one *and* the policy ended the completion by itself, else 0: without the second condition a policy learns to
 * write numbers until the limit.
 */
export function arithmetic(spec: TaskSpec): Task<ArithmeticExample> {
  const options = parseSpec(
    arithmeticSchema.refine(({ min, max }) => min <= max, 'min is above max'),
    spec,
  )
  const { min, max, evalShare } = options
  const size = (max - min + 1) ** 2 * options.operations.length

  const heldOut = (a: number, operation: Operation, b: number) => isHeldOut(identity(a, operation, b), evalShare)

  function* all(wanted: boolean): Generator<ArithmeticExample> {
    for (const operation of options.operations) {
      for (let a = min; a <= max; a++) {
        for (let b = min; b <= max; b++) {
          if (heldOut(a, operation, b) === wanted) yield makeExample(a, operation, b)
        }
      }
    }
  }

  function* draw(wanted: boolean, rng: Rng): Generator<ArithmeticExample> {
    for (;;) {
      const a = integerBetween(rng, min, max)
      const b = integerBetween(rng, min, max)
      const operation = options.operations[integerBetween(rng, 0, options.operations.length - 1)]!
      if (heldOut(a, operation, b) === wanted) yield makeExample(a, operation, b)
    }
  }

  return {
    name: spec.name,
    prompts(rng, split) {
      if (split === 'eval' && evalShare === 0) return []
      if (size <= largestList) return [...all(split === 'eval')]
      if (split === 'train') return draw(false, rng)
      // The same problems for every seed, so that evaluations of different runs compare.
      const fixed = draw(true, rngFrom(0))
      return Array.from({ length: largestEval }, () => fixed.next().value as ArithmeticExample)
    },
    grade(completion, example, info): Grade {
      const found = lastNumber(completion)
      const ended = info.finish === 'stop'
      const right = found !== undefined && found === Number(example.answer)
      const correct = right && ended
      return { reward: correct ? 1 : 0, correct, details: { found, right, ended } }
    },
  }
}
