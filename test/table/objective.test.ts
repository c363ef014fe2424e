import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ObjectiveOptions, ObjectiveToken } from '../../src/train/objective.js'
import { tokenValue } from './objective.js'

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const terms = fc.record<ObjectiveOptions>({
  clipLow: fc.constantFrom(0.2, Number.POSITIVE_INFINITY),
  clipHigh: fc.constantFrom(0.2, Number.POSITIVE_INFINITY),
  dualClip: fc.constantFrom(1.5, undefined),
  surrogate: fc.constant(undefined),
  importanceCap: fc.constant(Number.POSITIVE_INFINITY),
  klCoef: fc.constantFrom(0, 0.3),
  klEstimator: fc.constantFrom('k2', 'k3'),
  entropyCoef: fc.constant(0),
})
const token = fc.record<ObjectiveToken>({
  logprob: number(-4, -0.1),
  rolloutLogprob: number(-4, -0.1),
  referenceLogprob: number(-4, -0.1),
  rolloutKlCoef: fc.constantFrom(0, 0.5),
  advantage: number(-2, 2),
  entropy: fc.constant(1),
})

it('has the slope of its value, where no weight is held constant', () => {
  fc.assert(
    fc.property(token, terms, (given, options) => {
      const d = 1e-5
      const at = (shift: number) => tokenValue({ ...given, logprob: given.logprob + shift }, options)
      const [low, here, high] = [at(-d), at(0), at(d)]
      // At a bound of the clip the value has a corner.
      fc.pre(low.clipped === here.clipped && here.clipped === high.clipped)
      const slope = (high.value - low.value) / (2 * d)
      expect(Math.abs(slope - here.slope)).toBeLessThan(1e-6 * (1 + Math.abs(here.slope)) + 1e-5)
    }),
  )
})
