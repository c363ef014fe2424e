/** The distribution of a step's scores against the Parquet file, counted anew here. */
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { beforeAll, describe, expect, it } from 'vitest'
import { distributionOf, measures, type ScoreConfig, tokensInBin } from './scores.js'

const run = 'test/fixtures/runs/before/lora'
const limits = { timeout: 10 }
const config: ScoreConfig = {
  method: ['clip-b'],
  entropy: { method: 'clip-b', preset: 'paper', muLow: 1, muHigh: 1 },
  hasTarget: false,
  updatesPerBatch: 1,
  maskTruncated: false,
}
interface Row {
  s: number[]
  expected_s: number[]
  grad_mask: boolean[]
  advantage: number
}
let rows: Row[]
beforeAll(async () => {
  const file = await asyncBufferFromFile(`${run}/rollouts/step-000001.parquet`)
  rows = (await parquetReadObjects({ file })) as unknown as Row[]
})

describe('the distribution of a step', () => {
  it('has every token, and the bounds that masked what is masked', async () => {
    const found = (await distributionOf(run, { step: 1, by: 's' }, config, limits))!
    const S = rows.flatMap(({ s }) => s)
    expect(found.tokens).toBe(S.length)
    expect(found.masked).toBe(rows.flatMap(({ grad_mask }) => grad_mask).filter((flows) => !flows).length)
    expect(found.masked).toBeGreaterThan(0)
    expect(found.bins.reduce((sum, { count }) => sum + count, 0)).toBe(S.length)
    expect(found.bins.reduce((sum, { masked }) => sum + masked, 0)).toBe(found.masked)
    expect([found.low, found.high]).toEqual([Math.min(...S), Math.max(...S)])
    const mean = S.reduce((a, b) => a + b, 0) / S.length
    const sigma = Math.sqrt(S.reduce((sum, value) => sum + (value - mean) ** 2, 0) / S.length)
    const { bounds } = found
    expect(bounds!.mean).toBeCloseTo(mean, 12)
    expect(bounds!.low).toBeCloseTo(mean - sigma, 12)
    expect(bounds!.high).toBeCloseTo(mean + sigma, 12)
    for (const { s, grad_mask, advantage } of rows) {
      s.forEach((value, i) => {
        const isOutside = value < bounds!.low! || value > bounds!.high!
        expect(grad_mask[i]).toBe(!(isOutside && advantage !== 0))
      })
    }
  })

  it('lists the tokens of a bar, and all bars together every token once', async () => {
    const found = (await distributionOf(run, { step: 1, by: 'sc' }, config, limits))!
    expect(found.bounds).toBeUndefined()
    let total = 0
    for (const [bin, { count, masked }] of found.bins.entries()) {
      if (count === 0) continue
      const { low, high } = found
      const listed = await tokensInBin(run, { step: 1, by: 'sc', low, high, bin }, limits)
      expect(listed.count).toBe(count)
      expect(listed.tokens.filter((token) => token.masked)).toHaveLength(masked)
      for (const { sample, at, value } of listed.tokens) {
        expect(rows.some((row) => row.s[at] !== undefined && row.s[at]! - row.expected_s[at]! === value)).toBe(true)
        expect(Number.isSafeInteger(sample)).toBe(true)
      }
      total += count
    }
    expect(total).toBe(found.tokens)
  })

  it.each([
    [{ hasTarget: true }, 'the controller chose'],
    [{ updatesPerBatch: 2 }, 'each of the step’s 2 updates'],
    [{ entropy: { method: 'clip-b', preset: 'unknown' } }, 'preset'],
  ])('says why it has no bounds: %j', async (changes, why) => {
    const found = (await distributionOf(run, { step: 1, by: 's' }, { ...config, ...changes }, limits))!
    expect(found.bounds).toBeUndefined()
    expect(found.why).toContain(why)
  })

  it('has none of a step that is not there', async () => {
    expect(await distributionOf(run, { step: 99, by: 'sc' }, config, limits)).toBeUndefined()
  })

  it('knows every measure of the page', () => {
    expect(Object.keys(measures)).toEqual(['sc', 'effect', 's', 'h', 'p', 'a'])
  })
})
