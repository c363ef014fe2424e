import { expect, it } from 'vitest'
import { clipB, clipV } from './clip.js'
import { maskFor } from './methods.js'

const tokens = {
  S: Float64Array.from([0, 0, 0, 4, 7]),
  expectedS: Float64Array.from([0, 1, 0, 1, 0]),
  advantage: Float64Array.from([1, 1, 1, 1, 1]),
  isPolicyToken: Uint8Array.from([1, 1, 1, 1, 0]),
}
const options = { muLow: 0.5, muHigh: 0.5 }

it('none lets every policy token through and has no statistics', () => {
  expect(maskFor('none', tokens)).toEqual({ mask: Uint8Array.from([1, 1, 1, 1, 0]), maskedLow: 0, maskedHigh: 0 })
})

it('the clips go by their names', () => {
  expect(maskFor('clip-b', tokens, options)).toEqual(clipB(tokens, options))
  expect(maskFor('clip-v', tokens, options)).toEqual(clipV(tokens, options))
  expect(clipB(tokens, options)).not.toEqual(clipV(tokens, options))
})
