import { describe, expect, it } from 'vitest'
import { nearDuplicateShare, overlaps } from './overlap.js'

const near = (a: string, b: string) => overlaps([a], [b]).some(({ share }) => share >= nearDuplicateShare)

describe('near duplicates of short texts', () => {
  it.each([
    ['How many primes lie between 10 and 50?', 'How many primes are between 10 and 50?'],
    ['Find the sum of the roots of x^2 - 5x + 6 = 0.', 'Find the sum of all roots of $x^2 - 5x + 6 = 0$'],
    [
      'A box holds 3 red and 4 blue balls. What is the chance of red?',
      'A box holds 3 red and 4 blue balls; what is the chance of a red?',
    ],
    [
      'Tom has 12 apples and gives 5 of them to Anna on Monday. How many apples does he have left in the evening?',
      'Tom has 12 apples and gives 5 of them to Anna on Tuesday. How many apples does he have left in the evening?',
    ],
  ])('%j and %j', (a, b) => {
    expect(near(a, b)).toBe(true)
    expect(near(b, a)).toBe(true)
  })

  it.each([
    ['What is 3 + 4?', 'What is 3 + 5?'],
    ['Find the sum of the roots of x^2 - 5x + 6 = 0.', 'Find the sum of the roots of x^2 + 5x + 6 = 0 in reals.'],
    ['How many primes lie between 10 and 50?', 'How many squares lie between 10 and 60?'],
    ['Compute \\sin 30.', 'Compute \\cos 30.'],
  ])('are not %j and %j', (a, b) => {
    expect(near(a, b)).toBe(false)
  })
})
