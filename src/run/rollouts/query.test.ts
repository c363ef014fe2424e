import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RolloutQuery, Rollouts, type Row } from './query.js'

const root = mkdtempSync(join(tmpdir(), 'rollouts-'))
const run = join(root, 'a run [1]')
let stored: Record<string, unknown>[]

beforeAll(async () => {
  cpSync('test/fixtures/runs/before/grpo', run, { recursive: true })
  stored = []
  for (const step of [1, 2]) {
    const file = await asyncBufferFromFile(join(run, 'rollouts', `step-00000${step}.parquet`))
    stored.push(...((await parquetReadObjects({ file })) as Record<string, unknown>[]))
  }
})
afterAll(() => rmSync(root, { recursive: true }))

async function rows(query: RolloutQuery): Promise<Row[]> {
  const rollouts = await Rollouts.open(run)
  try {
    const found: Row[] = []
    for await (const batch of rollouts.query(query)) found.push(...batch)
    return found
  } finally {
    rollouts.close()
  }
}

describe('rollouts by SQL', () => {
  it('are those of the files, in their order, with lists', async () => {
    const found = await rows({})
    expect(found).toHaveLength(stored.length)
    found.forEach((row, i) => {
      const { tokens, logprob, grad_mask, reward, completion } = stored[i]!
      expect(row).toMatchObject({ tokens, grad_mask, reward, completion })
      expect((row.logprob as number[]).map(Math.fround)).toEqual(logprob)
    })
  })

  it('have columns that are computed', async () => {
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
    const found = await rows({ select: 'length, mean_entropy, masked, masked_share, max_abs_sc' })
    found.forEach((row, i) => {
      const { tokens, entropy, grad_mask, s, expected_s } = stored[i] as Record<string, number[]>
      const masked = grad_mask!.filter((flows) => !flows).length
      expect(row.length).toBe(tokens!.length)
      expect(row.masked).toBe(masked)
      expect(row.masked_share).toBeCloseTo(masked / tokens!.length, 12)
      expect(row.mean_entropy).toBeCloseTo(mean(entropy!), 6)
      expect(row.max_abs_sc).toBeCloseTo(Math.max(...s!.map((S, t) => Math.abs(S - expected_s![t]!))), 6)
    })
  })

  it('are filtered, sorted, grouped, and paged', async () => {
    const right = stored.filter(({ reward }) => (reward as number) >= 0.5)
    expect(await rows({ select: 'reward', where: 'reward >= 0.5', order: 'reward desc' })).toEqual(
      right.map(({ reward }) => ({ reward })).sort((a, b) => (b.reward as number) - (a.reward as number)),
    )
    expect(await rows({ select: 'step, count(*) as n', group: 'step', order: 'step' })).toEqual([
      { step: 1, n: 8 },
      { step: 2, n: 8 },
    ])
    const all = await rows({ select: 'step, sample' })
    expect(await rows({ select: 'step, sample', limit: 3, offset: 7 })).toEqual(all.slice(7, 10))
  })

  it('are paged without decoding what the page does not show, in the order of the whole query', async () => {
    const rollouts = await Rollouts.open(run)
    const queries: (RolloutQuery & { limit: number })[] = [
      { limit: 5, offset: 6 },
      { limit: 100 },
      { limit: 4, order: 'mean_entropy DESC', select: 'step, prompt_id, sample, mean_entropy, completion' },
      { limit: 7, offset: 1, where: 'reward > 0.3', order: 'reward DESC, step, file_row', select: 'reward, tokens' },
      { limit: 3, where: 'reward > 1e9' },
    ]
    for (const query of queries) {
      const whole: Row[] = []
      for await (const batch of rollouts.query(query)) whole.push(...batch)
      expect(await rollouts.page(query)).toEqual(whole)
    }
    await expect(rollouts.page({ limit: 1, where: 'step; drop' })).rejects.toThrow("holds ';'")
    await expect(rollouts.page({ limit: 1, select: 'step -- x' })).rejects.toThrow("holds ';'")
    rollouts.close()
  })

  it('are paged where the files of earlier steps lack a column', async () => {
    const mixed = join(root, 'mixed')
    cpSync(run, mixed, { recursive: true })
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    const file = (step: number) => `'${mixed}/rollouts/step-00000${step}.parquet'`.replace('[1]', '[[]1]')
    const target = join(mixed, 'rollouts', 'step-000003.parquet')
    await connection.run(
      `COPY (SELECT * REPLACE (3 AS step), true AS added FROM read_parquet(${file(2)})) TO '${target}' (FORMAT parquet)`,
    )
    connection.closeSync()
    const rollouts = await Rollouts.open(mixed)
    const page = await rollouts.page({ select: 'step, added', limit: 2 })
    expect(page).toEqual([
      { step: 1, added: null },
      { step: 1, added: null },
    ])
    rollouts.close()
  })

  it('are counted', async () => {
    const rollouts = await Rollouts.open(run)
    expect(await rollouts.count()).toBe(stored.length)
    expect(await rollouts.count("prompt_id = 'none'")).toBe(0)
    rollouts.close()
  })

  it.each([
    ['an unknown column', { where: 'rewar > 1' }, 'Referenced column "rewar" not found'],
    ['a second statement', { where: 'true; drop view rollouts' }, "holds ';'"],
    ['a comment', { order: 'step --' }, "holds ';', '--'"],
    ['another file', { where: "step in (select 1 from read_text('/etc/hostname'))" }, 'Permission Error'],
    ['nothing', { select: ' ' }, 'select: is empty'],
  ])('refuse %s', async (_, query, message) => {
    await expect(rows(query)).rejects.toMatchObject({ name: 'UserError', message: expect.stringContaining(message) })
  })

  it('end a query that takes too long', async () => {
    const rollouts = await Rollouts.open(run)
    const endless = '(select count(*) from range(1000000000) a, range(1000000000) b) > 0'
    await expect(rollouts.count(endless, { timeout: 0.2 })).rejects.toThrow('took more than 0.2 s')
    expect(await rollouts.count()).toBe(stored.length)
    rollouts.close()
  })

  it.each([
    ['no directory', () => join(root, 'none'), 'no such directory'],
    ['no run', () => root, 'holds no run'],
    [
      'a run without a step',
      () => {
        const empty = join(root, 'empty')
        mkdirSync(empty)
        writeFileSync(join(empty, 'config.yaml'), '')
        return empty
      },
      'has no rollouts yet',
    ],
    [
      'a damaged file',
      () => {
        const damaged = join(root, 'damaged')
        cpSync(run, damaged, { recursive: true })
        writeFileSync(join(damaged, 'rollouts', 'step-000002.parquet'), 'PAR1 and no more')
        return damaged
      },
      'cannot be read',
    ],
  ])('say that there is %s', async (_, make, message) => {
    await expect(Rollouts.open(make())).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining(message),
    })
  })

  it('are read while a run writes: a partial file is none of them', async () => {
    appendFileSync(join(run, 'rollouts', '.step-000003.parquet.partial'), 'half')
    expect(await rows({ select: 'count(*) as n', group: 'true' })).toEqual([{ n: stored.length }])
  })
})
