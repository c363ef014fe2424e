import { expect, it } from 'vitest'
import type { FilterOutcome } from '../run/filter/filter.js'
import { filterPlanText, filterText } from './filter-text.js'

const outcome = (kept: number, truncatedFraction: number) =>
  ({
    directory: 'out',
    keep: '(0, 1)',
    counts: { kept, measured: 2, tooHard: 2 - kept, unsolved: 2 - kept, tooEasy: 0, solved: 0 },
    histogram: [2 - kept, kept, 0],
    passRateMean: kept / 4,
    tokens: 16,
    truncatedFraction,
  }) as FilterOutcome

it('says what helps where nothing is kept', () => {
  expect(filterText(outcome(1, 1))).not.toContain('warning')
  expect(filterText(outcome(0, 0))).toMatch(/nothing is left to train on; .* a wider --keep samples nothing again\n$/)
  expect(filterText(outcome(0, 1))).toMatch(/more --max-new-tokens, to another --out, cuts fewer answers\n$/)
})

it('counts one of a thing as one', () => {
  const engine = { device: 'cpu', dtype: 'float32', threads: 1 } as const
  const plan = { problems: 1, measured: 0, samples: 1, completions: 1, maxNewTokens: 4, tokens: 4, engine }
  const text = filterPlanText(plan)
  expect(text).toMatch(/ 1 problem\n/)
  expect(text).toContain('1 completion (1 a problem) of at most 4 tokens')
})
