import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fakeCompletion } from '../../../test/fake-run.js'
import { rolloutParquet } from './rollout-file.js'
import { readRolloutRows } from './rollout-rows.js'

const root = mkdtempSync(join(tmpdir(), 'rows-'))
afterAll(() => rmSync(root, { recursive: true }))

const written = (rows: Parameters<typeof rolloutParquet>[0]) => {
  const path = join(root, 'step-000004.parquet')
  writeFileSync(path, rolloutParquet(rows, 4))
  return path
}

describe('rows of a rollout file', () => {
  it('come back as they were written', async () => {
    const values = [0.5, -0.25, 2]
    const row = { ...fakeCompletion(values, 0.75), promptTokens: Int32Array.of(3, 1) }
    const [found] = await readRolloutRows(written([row]))
    expect(found).toEqual({
      step: 4,
      promptId: 'p-1',
      sample: 0,
      prompt: 'What is 2 + 2?',
      promptTokens: Int32Array.of(3, 1),
      completion: '4',
      tokens: Int32Array.of(0, 1, 2),
      reward: 0.75,
      advantage: Float64Array.of(0.5, 0.5, 0.5),
      logprob: Float64Array.from(values),
      entropy: Float64Array.from(values),
      S: Float64Array.from(values),
      expectedS: Float64Array.from(values),
      sumS2: Float64Array.from(values),
      gradMask: [false, true, false],
      finish: 'stop',
    })
  })

  it('of an older run get back the sign of the centered score of nearly certain tokens', async () => {
    const completion = fakeCompletion([0.25, 0.5, 0.5])
    // 1 - p = 1e-9: S* = 2.2e-8, and Sc = 4.3e-17 was lost beside it. The second is one-hot, the third uniform over two.
    const statistics = { logprob: [-1e-9, 0, -Math.LN2], S: [2.2e-8, 0, 0], expectedS: [2.2e-8, 0, 0] }
    for (const [name, values] of Object.entries(statistics)) {
      completion.completion[name as keyof typeof statistics] = Float32Array.from(values)
    }
    const [{ S, expectedS }] = await readRolloutRows(written([completion]))
    expect([...S].map((s, t) => Math.sign(s - expectedS[t]))).toEqual([1, 0, 0])
    expect(S[0] - expectedS[0]).toBeLessThan(3e-15)
  })

  it('have no prompt ids where none were recorded, and no tokens where none were sampled', async () => {
    const [found] = await readRolloutRows(written([fakeCompletion([])]))
    expect(found).not.toHaveProperty('promptTokens')
    expect(found.tokens).toEqual(new Int32Array(0))
    expect(await readRolloutRows(written([]))).toEqual([])
  })
})
