/** Draws countdown problems that have many solutions, and says on which side of the split a problem lies. */
import { UserError } from '../../base/errors.js'
import { rngFrom } from '../../base/philox.js'
import { integerBetween } from '../shuffle.js'
import { isHeldOut } from '../split.js'
import type { Rng, Split } from '../types.js'
import { type Operation, Solver } from './solve.js'

export interface ProblemOptions {
  count: number
  min: number
  max: number
  targetMin: number
  targetMax: number
  minSolutions: number
  operations: readonly Operation[]
  useAll: boolean
  evalShare: number
}

export interface Problem {
  /** Ascending. */
  numbers: number[]
  target: number
  /** Distinct solutions, spellings of one calculation counted once. */
  solutions: number
}

/** Tables of solution counts kept at most; with 4 numbers of 1 to 9 there are 495. */
const largestCache = 4096
/** Draws without a suitable problem before the options are called impossible. */
const patience = 2000

export class ProblemSource {
  readonly #options: ProblemOptions
  readonly #tables = new Map<string, { target: number; solutions: number }[]>()
  #solver: Solver

  constructor(options: ProblemOptions) {
    this.#options = options
    this.#solver = new Solver(options.operations)
  }

  /** An endless sequence; numbers are uniform, the target is uniform among those with enough solutions. */
  *draw(rng: Rng, split: Split): Generator<Problem, never> {
    const { count, min, max, evalShare } = this.#options
    let misses = 0
    for (;;) {
      const numbers = Array.from({ length: count }, () => integerBetween(rng, min, max)).sort((a, b) => a - b)
      const targets = this.#targets(numbers).filter(
        ({ target }) => isHeldOut(problemId(numbers, target), evalShare) === (split === 'eval'),
      )
      if (targets.length > 0) {
        misses = 0
        yield { numbers, ...targets[integerBetween(rng, 0, targets.length - 1)]! }
      } else if (++misses === patience) {
        throw new UserError(`task countdown: found no ${split} problem in ${patience} draws`, {
          hint: 'Lower minSolutions, widen targetMin to targetMax, or allow more operations.',
        })
      }
    }
  }

  /** Up to `n` distinct held-out problems, the same ones for every seed, so that evaluations of different runs compare. */
  heldOut(n: number): Problem[] {
    const problems = new Map<string, Problem>()
    const source = this.draw(rngFrom(0), 'eval')
    for (let draws = 0; problems.size < n && draws < 20 * n; draws++) {
      const problem = source.next().value
      problems.set(problemId(problem.numbers, problem.target), problem)
    }
    return [...problems.values()]
  }

  #targets(numbers: readonly number[]): { target: number; solutions: number }[] {
    const { targetMin, targetMax, minSolutions, useAll } = this.#options
    const key = numbers.join()
    let table = this.#tables.get(key)
    if (table === undefined) {
      if (this.#tables.size >= largestCache) {
        this.#tables.clear()
        this.#solver = new Solver(this.#options.operations)
      }
      const counts = new Map<number, number>()
      for (const { value } of this.#solver.calculations(numbers, useAll)) {
        if (value >= targetMin && value <= targetMax) counts.set(value, (counts.get(value) ?? 0) + 1)
      }
      table = [...counts]
        .map(([target, solutions]) => ({ target, solutions }))
        .filter(({ solutions }) => solutions >= minSolutions)
        .sort((a, b) => a.target - b.target)
      this.#tables.set(key, table)
    }
    return table
  }
}

/** Order of the numbers does not matter: one identity, one side of the split. */
export function problemId(numbers: readonly number[], target: number): string {
  return `${[...numbers].sort((a, b) => a - b).join(',')}=${target}`
}
