import { describe, expect, it } from 'vitest'
import { predictStep } from './predict.js'

const tokens = {
  // Sc = [1, -2, 3, -]
  S: Float64Array.from([2, -1, 4, Number.NaN]),
  expectedS: Float64Array.from([1, 1, 1, Number.NaN]),
  g: Float64Array.from([1, 2, -1, Number.NaN]),
  isPolicyToken: Uint8Array.from([1, 1, 1, 0]),
}

describe('predictStep', () => {
  it('is -(1/N) sum g Sc over policy tokens', () => {
    // -(1 x 1 + 2 x -2 + -1 x 3) / 3 = 6/3
    expect(predictStep(tokens)).toEqual({ dH: 2, kept: 2, masked: 0, bonus: 0 })
  })

  it('tells kept from masked, and leaves out what the PPO clip stopped; N stays', () => {
    const mask = Uint8Array.from([1, 0, 1, 0])
    expect(predictStep({ ...tokens, mask })).toEqual({ dH: 2 / 3, kept: 2 / 3, masked: 4 / 3, bonus: 0 })
    const clipped = Uint8Array.from([0, 1, 1, 0])
    expect(predictStep({ ...tokens, mask, clipped })).toEqual({ dH: -1 / 3, kept: -1 / 3, masked: 0, bonus: 0 })
  })

  it('adds an entropy bonus of coef sum weight sum S^2 that no mask reaches', () => {
    const sumS2 = Float64Array.from([0.5, 1, 1.5, Number.NaN])
    const mask = Uint8Array.from([0, 0, 0, 0])
    // 0.1 x (0.5 + 1 + 1.5) / 3 = 0.1
    const mean = predictStep({ ...tokens, mask, sumS2 }, { entropyCoef: 0.1 })
    expect(mean.bonus).toBeCloseTo(0.1, 15)
    expect(mean.dH).toBe(mean.bonus)
    // 0.1 x (0.5 x 1 + 1 x 0 + 1.5 x 0.5)
    const weight = Float64Array.from([1, 0, 0.5, Number.NaN])
    expect(predictStep({ ...tokens, sumS2, weight }, { entropyCoef: 0.1 }).bonus).toBeCloseTo(0.125, 15)
  })

  it('takes r A for g where no g is given', () => {
    const { g: advantage, ...rest } = tokens
    expect(predictStep({ ...rest, advantage })).toEqual(predictStep(tokens))
    // ratios 2, 1, 1: -(2 x 1 + 2 x -2 + -1 x 3) / 3 = 5/3
    const ratio = Float64Array.from([2, 1, 1, Number.NaN])
    expect(predictStep({ ...rest, advantage, ratio }).dH).toBe(5 / 3)
    expect(() => predictStep(rest)).toThrow('needs g or the advantages')
  })

  it('takes slopes with their weights in them, and divides by nothing', () => {
    const { g, ...rest } = tokens
    // A mean over sequences of 1 and 2 tokens: weights 1/2, 1/4, 1/4. -(1/2 x 1 x 1 + 1/4 x 2 x -2 + 1/4 x -1 x 3) = 5/4
    const slope = Float64Array.from([1 / 2, 2 / 4, -1 / 4, Number.NaN])
    expect(predictStep({ ...rest, slope }).dH).toBe(5 / 4)
    const mask = Uint8Array.from([1, 0, 1, 0])
    expect(predictStep({ ...rest, slope, mask })).toEqual({ dH: 1 / 4, kept: 1 / 4, masked: 1, bonus: 0 })
    expect(predictStep({ ...rest, g, slope })).toEqual(predictStep({ ...rest, slope }))
    expect(() => predictStep({ ...rest, slope: Float64Array.of(1) })).toThrow('slope has 1 entries, isPolicyToken 4')
    expect(() => predictStep({ ...rest, slope, isPolicyToken: Uint8Array.of(1, 1, 1, 1) })).toThrow(
      'token 3 is not finite: slope NaN',
    )
  })

  it('refuses what it cannot predict', () => {
    expect(() => predictStep({ ...tokens, isPolicyToken: new Uint8Array(4) })).toThrow('no policy tokens')
    expect(() => predictStep({ ...tokens, mask: new Uint8Array(3) })).toThrow('mask has 3 entries, isPolicyToken 4')
    expect(() => predictStep({ ...tokens, isPolicyToken: Uint8Array.from([1, 1, 1, 1]) })).toThrow(
      'token 3 is not finite',
    )
    expect(() => predictStep(tokens, { entropyCoef: 1 })).toThrow('needs sumS2')
    expect(() => predictStep(tokens, { entropyCoef: Number.NaN })).toThrow('entropyCoef is NaN')
    const sumS2 = Float64Array.from([Number.NaN, 0, 0, 0])
    expect(() => predictStep({ ...tokens, sumS2 }, { entropyCoef: 1 })).toThrow('sumS2 or weight')
  })
})
