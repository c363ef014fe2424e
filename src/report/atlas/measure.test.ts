import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../../recipe/index.js'
import { type AtlasBatch, measureMethod, methodSlopes } from './measure.js'
import { atlasMethods, plainName, unclippedName } from './methods.js'
import { statements } from './statements.js'

const f64 = (...values: number[]) => Float64Array.from(values)

/**
 * Six tokens that count, weights 1/6, one that does not. With r A Sc: 1, -1 (clipped: r 1.5), -2, 0.5 (clipped: r 0.5, A < 0),
 * and two tokens with A = 0 and r = 1.
 */
const batch: AtlasBatch = {
  step: 4,
  starts: [0, 2, 4],
  isPolicyToken: Uint8Array.from([1, 1, 1, 1, 1, 1, 0]),
  weight: new Float64Array(7).fill(1 / 6),
  advantage: f64(1, 2, -1, -2, 0, 0, 9),
  rolloutLogprob: f64(-1, -1, -1, -1, -1, -1, -1),
  logprob: f64(-1, -1 + Math.log(1.5), -1, -1 + Math.log(0.5), -1, -1, 5),
  entropy: f64(0.1, 0.2, 0.3, 0.4, 2, 1, 99),
  rolloutEntropy: f64(0.1, 0.3, 0.3, 0.4, 2, 1, 99),
  S: f64(1.5, -0.25, 2.5, -0.3, 1, -1, 99),
  expectedS: f64(0.5, 1 / 12, 0.5, 0.2, 0, 0, 0),
  sumS2: f64(1, 1, 1, 1, 1, 1, 99),
}

const methods = atlasMethods(undefined, { mu: 2 })
const find = (name: string) => methods.find((method) => method.name.startsWith(name))!
const of = (name: string, batches: AtlasBatch[] = [batch]) => measureMethod(batches, find(name), 0)

describe('the update mass', () => {
  it('of the whole update is -w r A Sc by the signs of A and of itself', () => {
    const sums = of(unclippedName)
    // r A Sc: 1 x 1 x 1 = 1; 1.5 x 2 x -1/3 = -1; 1 x -1 x 2 = -2; 0.5 x -2 x -0.5 = 0.5.
    expect(sums.positive.lowering).toBeCloseTo(-1 / 6, 12)
    expect(sums.positive.raising).toBeCloseTo(1 / 6, 12)
    expect(sums.negative.raising).toBeCloseTo(2 / 6, 12)
    expect(sums.negative.lowering).toBeCloseTo(-0.5 / 6, 12)
    expect(sums.dH).toBeCloseTo(1.5 / 6, 12)
    expect(sums.keptTokens).toBe(4)
    expect(sums.bonus).toBe(0)
  })

  it('is what is left where the clip stops tokens', () => {
    const sums = of(plainName)
    expect(sums.positive.raising).toBe(0)
    expect(sums.positive.lowering).toBeCloseTo(-1 / 6, 12)
    expect(sums.negative.lowering).toBe(0)
    expect(sums.dH).toBeCloseTo(1 / 6, 12)
    expect(sums.keptTokens).toBe(2)
  })

  it('has an entropy bonus apart, over every policy token', () => {
    // 0.001 x 6 tokens x 1/6 x sum S^2 = 0.001.
    expect(of('entropy-bonus').bonus).toBeCloseTo(0.001, 12)
    expect(of('entropy-bonus').dH).toBeCloseTo(of(plainName).dH, 12)
    const { sumS2: _, ...without } = batch
    expect(of('entropy-bonus', [without]).bonus).toBeUndefined()
    expect(of(plainName, [without]).bonus).toBe(0)
    // Mean entropy 4/6 lies above the target of 0.2: no bonus acts.
    expect(of('adaptive-entropy').bonus).toBe(0)
    const low = { ...batch, entropy: batch.entropy.map((value) => value / 10) }
    expect(of('adaptive-entropy', [low]).bonus).toBeCloseTo(0.005, 12)
  })

  it('weighs with CISPO and GSPO by their ratios', () => {
    expect(methodSlopes(batch, find('cispo'), { seed: 0, step: 4, update: 1 }).slope[3]).toBeCloseTo(-1, 12)
    // The second completion's ratio is sqrt(1 x 0.5): below its bound, so A < 0 is clipped whole; the first's is above.
    expect(of('gspo').keptTokens).toBe(0)
  })

  it('adds up over batches', () => {
    const once = of(plainName)
    const twice = of(plainName, [batch, { ...batch, step: 5 }])
    expect(twice.dH).toBeCloseTo(2 * once.dH, 12)
    expect(twice.keptTokens).toBe(2 * once.keptTokens)
  })

  it('is the same whatever a token outside the policy holds', () => {
    const dirty = { ...batch, S: batch.S.map((value, t) => (t === 6 ? Number.NaN : value)) }
    for (const { name } of methods) expect(of(name, [dirty])).toEqual(of(name))
  })
})

describe('the rows', () => {
  it('take their options from the run', () => {
    const recipe = parseRecipe({
      model: 'm',
      task: { name: 't' },
      algorithm: { clipHigh: 0.6, entropyCoef: 0.01 },
      entropy: { method: ['clip-v', 'high-entropy'], muLow: 1, highEntropy: { share: 0.5 } },
    })
    const own = atlasMethods(recipe, { mu: 2 })
    expect(own.find(({ name }) => name === plainName)!.settings.ppo).toEqual({ clipLow: 0.2, clipHigh: 0.6 })
    expect(own.find(({ name }) => name === 'high-entropy')!.settings.highEntropy).toEqual({ share: 0.5 })
    expect(own.find(({ name }) => name === 'clip-b mu 1, open')!.settings.clip).toMatchObject({
      muLow: 1,
      muHigh: Infinity,
    })
    expect(own.find(({ name }) => name === 'entropy-bonus 0.01')!.entropyCoef).toBe(0.01)
    expect(new Set(own.map(({ name }) => name)).size).toBe(own.length)
  })
})

describe('the statements', () => {
  const judged = (batches: AtlasBatch[]) => statements(batches, find(plainName), 0)

  it('are judged on what the clip stops and on the most uncertain tokens', () => {
    const [hits, tends, high] = judged([batch])
    // Clipped are tokens 1 and 3, both with Sc < 0; of the four with A not 0 half are.
    expect(hits).toMatchObject({
      verdict: 'holds',
      figures: { clipped_tokens: 2, clipped_share: 0.5, clipped_below_share: 1, all_below_share: 0.5 },
    })
    // Leaving out token 1 takes +1/6 away, leaving out token 3 takes -0.5/6 away.
    expect(tends.verdict).toBe('does not hold')
    expect(tends.figures.change_by_clipping_positive).toBeCloseTo(-1 / 6, 12)
    expect(tends.figures.change_by_clipping_negative).toBeCloseTo(0.5 / 6, 12)
    // One token of six: H = 2, Sc = 1.
    expect(high).toMatchObject({
      verdict: 'holds',
      figures: { top_tokens: 1, top_above_share: 1, all_above_share: 0.5 },
    })
  })

  it('judge the most uncertain tokens against all of them', () => {
    // Of ten tokens the two with the largest H: one has Sc > 0, of all tokens seven.
    const S = [1, -1, 1, 1, 1, 1, 1, 1, -1, -1]
    const of = (values: number[]) => ({
      ...batch,
      starts: [0],
      isPolicyToken: new Uint8Array(10).fill(1),
      ...Object.fromEntries(
        (['weight', 'advantage', 'rolloutLogprob', 'logprob', 'expectedS'] as const).map((key) => [
          key,
          new Float64Array(10),
        ]),
      ),
      entropy: Float64Array.from(values, (_, t) => 10 - t),
      S: Float64Array.from(values),
    })
    const high = (values: number[]) => judged([of(values)])[2]
    expect(high(S)).toMatchObject({
      verdict: 'does not hold',
      figures: { top_above_share: 0.5, all_above_share: 0.7 },
    })
    // All of the two, and of all tokens: no more than elsewhere. All of the two and eight of ten: more.
    expect(high(S.map(() => 1)).verdict).toBe('does not hold')
    expect(high(S.map((_, t) => (t < 8 ? 1 : -1))).verdict).toBe('holds')
  })

  it('have nothing to judge where nothing is clipped', () => {
    const fresh = { ...batch, logprob: batch.rolloutLogprob }
    expect(judged([fresh]).map(({ verdict }) => verdict)).toEqual(['nothing to judge', 'nothing to judge', 'holds'])
  })
})
