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

  it('have no prompt ids where none were recorded, and no tokens where none were sampled', async () => {
    const [found] = await readRolloutRows(written([fakeCompletion([])]))
    expect(found).not.toHaveProperty('promptTokens')
    expect(found.tokens).toEqual(new Int32Array(0))
    expect(await readRolloutRows(written([]))).toEqual([])
  })
})
