import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { predictStep } from '../predict.js'
import type { ClassMask } from './class-masks.js'
import { methods } from './recipe-keys.js'
import type { MethodTokens } from './types.js'

const classMasks = methods.filter(({ experiment }) => experiment)
const classMaskNames = classMasks.map(({ name }) => name)
const place = { seed: 0, step: 1, update: 0, stopped: () => new Uint8Array(0) }
const classMask = (name: string, given: object) =>
  classMasks.find((method) => method.name === name)!.effect!(given as MethodTokens, undefined, place) as ClassMask

/** One token of each class, then a rewarded one with Sc = 0, one with A = 0, and one that is not the policy's. */
const tokens = {
  advantage: Float64Array.of(1, 1, -1, -1, 1, 0, Number.NaN),
  S: Float64Array.of(0.3, -0.1, 0.3, -0.1, 0.2, 0.5, Number.NaN),
  expectedS: Float64Array.of(0.2, 0.2, 0.2, 0.2, 0.2, 0.2, Number.NaN),
  isPolicyToken: Uint8Array.of(1, 1, 1, 1, 1, 1, 0),
}

describe('classMask', () => {
  it.each([
    ['mask-lowering', [0, 1, 1, 0, 1, 1, 0], 1, 1],
    ['mask-raising', [1, 0, 0, 1, 1, 1, 0], 1, 1],
    ['only-positive-likely', [1, 0, 0, 0, 0, 1, 0], 2, 2],
    ['only-positive-unlikely', [0, 1, 0, 0, 0, 1, 0], 1, 3],
    ['only-negative-likely', [0, 0, 1, 0, 0, 1, 0], 2, 2],
    ['only-negative-unlikely', [0, 0, 0, 1, 0, 1, 0], 1, 3],
  ] as const)('%s', (name, mask, low, high) => {
    const result = classMask(name, tokens)
    expect([...result.mask]).toEqual(mask)
    expect([result.maskedLow, result.maskedHigh]).toEqual([low, high])
  })

  const batch = fc
    .array(fc.tuple(...Array.from({ length: 3 }, () => fc.double({ min: -1, max: 1, noNaN: true }))), {
      minLength: 1,
      maxLength: 30,
    })
    .map((rows) => ({
      advantage: Float64Array.from(rows, ([A]) => A),
      S: Float64Array.from(rows, ([, S]) => S),
      expectedS: Float64Array.from(rows, ([, , E]) => E),
      isPolicyToken: new Uint8Array(rows.length).fill(1),
    }))

  it('leaves no predicted fall of entropy under mask-lowering, no rise under mask-raising', () => {
    fc.assert(
      fc.property(batch, (drawn) => {
        const kept = (name: 'mask-lowering' | 'mask-raising') =>
          predictStep({ ...drawn, mask: classMask(name, drawn).mask }).kept
        expect(kept('mask-lowering')).toBeGreaterThanOrEqual(0)
        expect(kept('mask-raising')).toBeLessThanOrEqual(0)
      }),
    )
  })

  it('gives every token with A and Sc other than 0 to exactly one class', () => {
    fc.assert(
      fc.property(batch, (drawn) => {
        const classes = classMaskNames.filter((name) => name.startsWith('only-'))
        const masks = classes.map((name) => classMask(name, drawn).mask)
        drawn.S.forEach((S, t) => {
          if (drawn.advantage[t] === 0 || S === drawn.expectedS[t]) return
          expect(masks.reduce((sum, mask) => sum + mask[t], 0)).toBe(1)
        })
      }),
    )
  })

  it('refuses arrays of other lengths and scores that are not numbers', () => {
    expect(() => classMask('mask-raising', { ...tokens, S: new Float64Array(2) })).toThrow('S has 2 entries')
    const wrong = { ...tokens, S: tokens.S.with(1, Number.NaN) }
    expect(() => classMask('mask-raising', wrong)).toThrow('token 1')
  })
})
