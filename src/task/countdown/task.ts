import { z } from 'zod'
import { UserError } from '../../base/errors.js'
import { rngFrom } from '../../base/philox.js'
import { parseSpec, type TaskSpec } from '../spec.js'
import type { CompletionInfo, Example, Grade, Task } from '../types.js'
import { canonical, longestExpression, parseExpression, respell } from './expression.js'
import { type Problem, ProblemSource, problemId } from './problems.js'
import { type Operation, Solver } from './solve.js'

export const countdownSchema = z
  .object({
    style: z.enum(['compact', 'chat']).default('chat').describe('short text for a tiny policy, or a chat'),
    count: z.int().min(2).max(5).default(4).describe('numbers per problem'),
    min: z.int().min(0).max(1000).default(1).describe('smallest number'),
    max: z.int().min(1).max(1000).default(9).describe('largest number'),
    targetMin: z.int().min(0).default(10).describe('smallest target'),
    targetMax: z.int().min(1).default(50).describe('largest target'),
    minSolutions: z.int().min(1).default(4).describe('distinct solutions that every problem has at least'),
    operations: z
      .array(z.enum(['+', '-', '*']))
      .nonempty()
      .default(['+', '-', '*'])
      .describe('which of + - *'),
    useAll: z.boolean().default(false).describe('every number exactly once, rather than at most once'),
    formatReward: z.number().min(0).max(1).default(0).describe('reward of a well-formed answer that is wrong'),
    evalShare: z.number().min(0).max(0.9).default(0.2).describe('share of the problems held out for evaluation'),
    evalProblems: z.int().min(1).max(10_000).default(256).describe('held-out problems in the eval split at most'),
  })
  .describe('reach a target with given numbers and + - *: many solutions per problem, generated')

export type CountdownOptions = z.output<typeof countdownSchema>

export interface CountdownExample extends Example {
  numbers: number[]
  target: number
  /** How many distinct solutions there are. */
  solutionCount: number
}

export interface CountdownTask extends Task<CountdownExample> {
  options: CountdownOptions
  /**
   * Every distinct solution, each once in its canonical spelling (orders of terms and factors and needless
   * parentheses do not count as distinct).
   */
  solutions(example: CountdownExample): string[]
  /** The same calculation with the operands of every sum and product in random order. */
  respell(solution: string, rng: () => number): string
}

/** The characters of compact prompts and completions; the end token is the vocabulary's own affair. */
export const compactAlphabet = '0123456789+-*(),=:'

/**
 * Reach `target` from `numbers` with whole-number arithmetic.
 * Compact style: prompt `2,3,5,7=24:`, the whole completion is the expression, e.g. `(5+7)*2`.
 * Chat style: instructions in words, the last `<answer>...</answer>` is the expression; `= 24` may follow it.
 * Reward 1 where the expression is right and the policy ended the completion by itself, `formatReward` where it ended
 * and the expression is readable but wrong, else 0.
 */
export function countdown(spec: TaskSpec): CountdownTask {
  const options = parseSpec(countdownSchema, spec)
  checkRanges(options)
  const source = new ProblemSource(options)
  const solver = new Solver(options.operations)
  const toExample = (problem: Problem) => makeExample(problem, options)
  return {
    name: spec.name,
    options,
    prompts(rng, split) {
      if (split === 'eval') return options.evalShare === 0 ? [] : source.heldOut(options.evalProblems).map(toExample)
      return map(source.draw(rng, split), toExample)
    },
    grade: (completion, example, info) => gradeCompletion(completion, example, info, options),
    solutions: ({ numbers, target }) =>
      solver
        .calculations(numbers, options.useAll)
        .filter(({ value }) => value === target)
        .map(canonical)
        .sort(),
    respell(solution, rng) {
      const parsed = parseExpression(solution)
      if ('error' in parsed) throw new Error(`not a solution: ${solution}: ${parsed.error}`)
      return respell(parsed.expression, rng)
    },
  }
}

function checkRanges(options: CountdownOptions): void {
  if (options.min > options.max) throw new UserError('task countdown: min is above max')
  if (options.targetMin > options.targetMax) throw new UserError('task countdown: targetMin is above targetMax')
}

function* map<A, B>(items: Iterable<A>, change: (item: A) => B): Generator<B> {
  for (const item of items) yield change(item)
}

function makeExample({ numbers, target, solutions }: Problem, options: CountdownOptions): CountdownExample {
  const list = numbers.join(options.style === 'compact' ? ',' : ', ')
  const prompt =
    options.style === 'compact'
      ? `${list}=${target}:`
      : [
          {
            role: 'user',
            content:
              `Using the numbers ${list}, ${options.useAll ? 'each exactly once' : 'each at most once'}, and the ` +
              `operations ${options.operations.join(' ')} with parentheses, write an expression that equals ${target}. ` +
              'Put the expression between <answer> and </answer>.',
          },
        ]
  return { id: problemId(numbers, target), prompt, numbers, target, solutionCount: solutions }
}

function gradeCompletion(
  completion: string,
  example: CountdownExample,
  info: CompletionInfo,
  options: CountdownOptions,
): Grade {
  const text = options.style === 'compact' ? completion : answerOf(completion)
  if (text === undefined) return noAnswer('no <answer>')
  if (info.finish !== 'stop') return noAnswer('ran into the length limit')
  const check = checkExpression(text, example, options)
  if ('error' in check) return noAnswer(check.error)
  const { reason = 'right', solution } = check
  const correct = reason === 'right'
  return { reward: correct ? 1 : options.formatReward, correct, details: { reason, solution } }
}

const noAnswer = (reason: string): Grade => ({ reward: 0, correct: false, details: { reason } })

/** What is inside the last pair of answer tags. */
function answerOf(completion: string): string | undefined {
  const close = completion.lastIndexOf('</answer>')
  const open = close < 0 ? -1 : completion.lastIndexOf('<answer>', close)
  if (open < 0) return undefined
  return completion
    .slice(open + '<answer>'.length, Math.min(close, open + 4 * longestExpression))
    .replaceAll(/\u00d7|\u22c5|\\times|\\cdot/g, '*')
    .replaceAll('\u2212', '-')
}

function checkExpression(
  text: string,
  { numbers, target }: CountdownExample,
  options: CountdownOptions,
): { error: string } | { reason: string | undefined; solution: string } {
  const [left, right, ...more] = text.split('=')
  if (more.length > 0) return { error: 'more than one =' }
  if (right !== undefined && right.trim() !== String(target)) return { error: `= ${right.trim().slice(0, 20)}` }
  const parsed = parseExpression(left!)
  if ('error' in parsed) return parsed
  const solution = canonical(parsed.expression)
  return { reason: wrongness(parsed.expression.value, parsed.numbers, left!, numbers, target, options), solution }
}

function wrongness(
  value: number,
  used: readonly number[],
  text: string,
  numbers: readonly number[],
  target: number,
  options: CountdownOptions,
): string | undefined {
  const left = [...numbers]
  for (const literal of used) {
    const at = left.indexOf(literal)
    if (at < 0) return `${literal} is not there to be used`
    left.splice(at, 1)
  }
  if (options.useAll && left.length > 0) return `${left.join(', ')} not used`
  const forbidden = (['+', '-', '*'] as Operation[]).find((op) => text.includes(op) && !options.operations.includes(op))
  if (forbidden !== undefined) return `${forbidden} is not allowed`
  // At most `count` literals of the problem's own, so that the value is exact: 1000^5 < 2^53.
  return value === target ? undefined : `equals ${value}`
}

/** Distinct random solutions of a problem, freshly spelled: what a policy learns from before it is reinforced. */
export function* solutionStream(task: CountdownTask, seed: number): Generator<{ prompt: string; completion: string }> {
  const rng = rngFrom(seed)
  for (const example of task.prompts(rng, 'train') as Iterable<CountdownExample>) {
    const solutions = task.solutions(example)
    const solution = solutions[Math.floor(rng() * solutions.length)]!
    yield { prompt: example.prompt as string, completion: task.respell(solution, rng) }
  }
}
