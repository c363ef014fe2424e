import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { afterAll, describe, expect, it } from 'vitest'
import { fakeCompletion } from '../../../test/fake-run.js'
import { UserError } from '../../base/errors.js'
import { openDatabase } from '../../task/data/duckdb.js'
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

describe('a rollout file', () => {
  it('is read as an independent reader reads it, to the bit', async () => {
    for (const run of ['grpo', 'ppo', 'lora']) {
      const path = `test/fixtures/runs/before/${run}/rollouts/step-000002.parquet`
      const expected = await parquetReadObjects({ file: await asyncBufferFromFile(path) })
      const rows = await readRolloutRows(path)
      expect(rows.length).toBe(expected.length)
      for (const [i, row] of rows.entries()) {
        const { step, prompt_id, sample, prompt, completion, reward, tokens, logprob, entropy, s, sum_s2, grad_mask } =
          expected[i]!
        expect(row).toMatchObject({
          step,
          promptId: prompt_id,
          sample,
          prompt,
          completion,
          reward,
          gradMask: grad_mask,
        })
        expect([...row.tokens]).toEqual([...(tokens as Int32Array)])
        const lists = { logprob, entropy, S: s, sumS2: sum_s2 }
        for (const [name, values] of Object.entries(lists)) {
          expect([...row[name as keyof typeof lists]!]).toEqual([...(values as Float32Array)])
        }
      }
    }
  })

  it.each(['hang', 'abort', 'unexpected'])(
    'that a JavaScript reader would not survive is refused: %s',
    async (name) => {
      const path = `test/fixtures/hostile/rollout-${name}.parquet`
      const error = await readRolloutRows(path).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(UserError)
      expect((error as UserError).message).toContain(`${path}: cannot be read as Parquet (`)
    },
  )

  const columns = {
    step: '1',
    prompt_id: "'p'",
    sample: '0',
    prompt: "'2 + 2'",
    tokens: '[1, 2]',
    reward: '1::DOUBLE',
    advantage: '0::DOUBLE',
    ...Object.fromEntries(['logprob', 'entropy', 's', 'expected_s'].map((name) => [name, '[0, 0]::FLOAT[]'])),
  }
  /** A file of one row by another writer, its values in SQL. */
  async function fileWith(changes: Record<string, string>): Promise<string> {
    const path = join(root, 'other.parquet')
    const values = Object.entries({ ...columns, ...changes }).map(([name, sql]) => `${sql} AS ${name}`)
    const instance = await openDatabase()
    const connection = await instance.connect()
    await connection.run(`COPY (SELECT ${values.join(', ')}) TO '${path}' (FORMAT parquet)`)
    connection.closeSync()
    instance.closeSync()
    return path
  }

  it('of another writer may have other types of numbers', async () => {
    const path = await fileWith({ step: '1::BIGINT', reward: '0.1::FLOAT', tokens: '[1, 2]::BIGINT[]' })
    expect(await readRolloutRows(path)).toMatchObject([
      { step: 1, reward: Math.fround(0.1), tokens: Int32Array.of(1, 2) },
    ])
  })

  it.each([
    [{ tokens: 'NULL::INT[]' }, 'row 1: tokens is missing, not a list'],
    [{ logprob: 'NULL::FLOAT[]' }, 'row 1: logprob is missing, not a list'],
    [{ s: '[0, NULL]::FLOAT[]' }, 'row 1: s of token 1 is missing, not a number'],
    [{ entropy: "['0', 'nan']::FLOAT[]" }, 'row 1: entropy of token 1 is NaN'],
    [{ tokens: '[1, -5]::INT[]' }, 'row 1: tokens has -5, which is no token id'],
    [{ tokens: '[1, 4294967297]::BIGINT[]' }, 'row 1: tokens has 4294967297, which is no token id'],
    [{ tokens: "'abc'" }, 'row 1: tokens is abc, not a list'],
    [{ prompt: '5' }, 'row 1: prompt is 5, not text'],
    [{ reward: 'NULL::DOUBLE' }, 'row 1: reward is missing, not a number'],
    [{ expected_s: '[0]::FLOAT[]' }, 'row 1: expected_s has 1 entries, tokens 2'],
  ] as [Record<string, string>, string][])('with %o is refused', async (change, words) => {
    await expect(readRolloutRows(await fileWith(change))).rejects.toThrow(words)
  })
})
