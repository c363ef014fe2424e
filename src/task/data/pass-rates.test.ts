import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keeps, paperRange, parseKeepRange } from './pass-rates.js'

const kept = (range: string, samples: number) =>
  Array.from({ length: samples + 1 }, (_, correct) => correct).filter((correct) =>
    keeps(parseKeepRange(range), { correct, samples }),
  )

describe('ranges of pass rates', () => {
  it("by default leaves out at most one and at least all but one of 16, as the paper's", () => {
    expect(kept(paperRange, 16)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
  })

  it.each<[string, number, number[]]>([
    ['[1/16, 15/16]', 16, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]],
    ['(0, 1)', 4, [1, 2, 3]],
    ['[0,1]', 2, [0, 1, 2]],
    ['(0.25, .5]', 4, [2]],
    ['[0.1, 0.3)', 10, [1, 2]],
    [' ( 1/3 , 2/3 ] ', 3, [2]],
    ['[0.5, 0.5]', 2, [1]],
  ])('%s of %i samples keeps %j', (range, samples, expected) => {
    expect(kept(range, samples)).toEqual(expected)
  })

  it('compares exactly: k/n is in [k/n, k/n] and never in (k/n, 1)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.nat({ max: 1000 }), (samples, part) => {
        const correct = part % (samples + 1)
        const rate = `${correct}/${samples}`
        expect(keeps(parseKeepRange(`[${rate}, ${rate}]`), { correct, samples })).toBe(true)
        expect(keeps(parseKeepRange(`(${rate}, 1]`), { correct, samples })).toBe(false)
      }),
    )
  })

  it.each([
    '',
    '1/16, 15/16',
    '(1/16; 15/16)',
    '(0.9, 0.1)',
    '(-1, 1)',
    '(0, 2)',
    '(0, 17/16)',
    '(a, b)',
    '(1/0, 1)',
    '(., 1)',
  ])('refuses %j', (text) => {
    expect(() => parseKeepRange(text)).toThrow(expect.objectContaining({ name: 'UserError' }))
  })
})
