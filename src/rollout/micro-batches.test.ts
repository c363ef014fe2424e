import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitByBudget } from './micro-batches.js'

const groupsOf = (shape: [number, number[]][]) =>
  shape.map(([prompt, completions]) => ({
    prompt: new Array<number>(prompt).fill(0),
    completions: completions.map((length) => new Array<number>(length).fill(0)),
  }))

describe('micro-batches', () => {
  it('put groups together while they fit, and divide one that does not, its prompt repeated', () => {
    // 3 + 2 + 2 = 7, 1 + 4 = 5: together 12; the next group's 2 + 5 = 7, and 2 + 5 again.
    const groups = groupsOf([
      [3, [2, 2]],
      [1, [4]],
      [2, [5, 5]],
    ])
    expect(splitByBudget(groups, 12)).toEqual([
      [
        { group: 0, completions: [0, 1] },
        { group: 1, completions: [0] },
      ],
      [{ group: 2, completions: [0, 1] }],
    ])
    expect(splitByBudget(groups, 11)).toEqual([
      [{ group: 0, completions: [0, 1] }],
      [{ group: 1, completions: [0] }],
      [{ group: 2, completions: [0] }],
      [{ group: 2, completions: [1] }],
    ])
    expect(splitByBudget([], 5)).toEqual([])
  })

  it('hold every completion once, in order, within the budget unless it is one completion', () => {
    const shape = fc.array(
      fc.tuple(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
      ),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(shape, fc.integer({ min: 1, max: 120 }), (given, budget) => {
        const groups = groupsOf(given as [number, number[]][])
        const batches = splitByBudget(groups, budget)
        const seen = batches.flat().flatMap(({ group, completions }) => completions.map((c) => [group, c]))
        expect(seen).toEqual(groups.flatMap(({ completions }, g) => completions.map((_, c) => [g, c])))
        for (const batch of batches) {
          const members = batch.flatMap(({ completions }) => completions).length
          const tokens = batch.reduce(
            (total, { group, completions }) =>
              completions.reduce(
                (sum, c) => sum + groups[group].completions[c].length,
                total + groups[group].prompt.length,
              ),
            0,
          )
          expect(new Set(batch.map(({ group }) => group)).size).toBe(batch.length)
          if (members > 1) expect(tokens).toBeLessThanOrEqual(budget)
        }
      }),
    )
  })
})
