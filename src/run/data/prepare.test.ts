import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readRows } from '../../task/data/rows.js'
import { loadTask } from '../../task/registry.js'
import type { Example } from '../../task/types.js'
import { realDisk } from '../store/disk.js'
import { type PrepareOptions, prepareData } from './prepare.js'

let directory: string
const lines = (rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n')
const put = (name: string, rows: object[]) => writeFileSync(join(directory, name), lines(rows))
const at = (name: string) => join(directory, name)
const prepare = (source: string, options: Partial<PrepareOptions> = {}) =>
  prepareData(at(source), { out: at('out'), holdOut: 5, against: [], ...options })

const texts = Array.from(
  { length: 30 },
  (_, i) => `Problem $${i}$ of many: how many of ${i} things are left when one goes?`,
)
const rows = [
  ...texts.map((question, i) => ({ question, answer: i })),
  // Other spellings of the same problems.
  ...texts
    .slice(0, 10)
    .map((question, i) => ({ question: question.toUpperCase().replaceAll(' ', '  '), answer: `${i}.0` })),
  { question: 'Contradicted?', answer: 1 },
  { question: 'contradicted ?', answer: 2 },
]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'prepare-'))
  vi.stubEnv('HF_HUB_OFFLINE', '1')
  vi.stubEnv('HF_HUB_CACHE', join(directory, 'hub'))
  vi.stubEnv('ISENTROPE_DATA', '')
  put('rows.jsonl', rows)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(directory, { recursive: true })
})

describe('prepareData', () => {
  it('writes distinct problems in two parts, with a manifest of where they are from', async () => {
    const manifest = await prepare('rows.jsonl')
    expect(manifest.counts).toEqual({
      rows: 42,
      repeated: 11,
      conflicting: 1,
      distinct: 30,
      eval: 5,
      nearDuplicates: 0,
      overlapping: 0,
      train: 25,
    })
    const train = await readRows(at('out/train.parquet'))
    const held = await readRows(at('out/eval.parquet'))
    expect([train.length, held.length]).toEqual([25, 5])
    const plain = (text: unknown) => String(text).toLowerCase().replaceAll(/\s/g, '')
    const trained = new Set(train.map(({ problem }) => plain(problem)))
    expect(held.filter(({ problem }) => trained.has(plain(problem)))).toEqual([])
    expect(manifest.source).toMatchObject({
      origin: 'local',
      files: [{ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    })
    expect(JSON.parse(readFileSync(at('out/manifest.json'), 'utf8'))).toEqual(manifest)
    expect(manifest.statistics.train).toMatchObject({ problems: 25, distinctAnswers: 25 })
    expect(readdirSync(directory).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('gives the same bytes whatever the order of the rows', async () => {
    const first = await prepare('rows.jsonl')
    put('rows.jsonl', rows.toReversed())
    const second = await prepare('rows.jsonl', { out: at('again') })
    expect(second.outputs).toEqual(first.outputs)
    expect(readFileSync(at('again/train.parquet'))).toEqual(readFileSync(at('out/train.parquet')))
    const other = await prepare('rows.jsonl', { out: at('other'), seed: 1 })
    expect(other.outputs).not.toEqual(first.outputs)
  })

  it('is a task', async () => {
    await prepare('rows.jsonl')
    const task = await loadTask({ name: './out', instruction: 'Go.' }, { baseDirectory: directory })
    const examples = (split: 'train' | 'eval') => task.prompts(Math.random, split) as Example[]
    expect([examples('train').length, examples('eval').length]).toEqual([25, 5])
    const example = examples('train')[0]!
    expect(example.prompt).toMatchObject([{ role: 'user', content: expect.stringMatching(/\n\nGo\.$/) }])
    expect(await task.grade(`\\boxed{${example.answer}}`, example, { finish: 'stop', tokens: 1 })).toMatchObject({
      reward: 1,
    })
    writeFileSync(at('out/manifest.json'), '{}')
    await expect(loadTask({ name: './out' }, { baseDirectory: directory })).rejects.toThrow(/not a manifest/)
  })

  it('keeps chats and whole solutions', async () => {
    const prompt = (text: string) => [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: text },
    ]
    put(
      'chats.jsonl',
      ['One?', 'Two?', 'Three?'].map((text) => ({ prompt: prompt(text), answer: 'So.\n#### 1' })),
    )
    await prepare('chats.jsonl', { holdOut: 1 })
    const [row] = await readRows(at('out/train.parquet'))
    expect(row).toMatchObject({ answer: '1', solution: 'So.\n#### 1', prompt: [{ role: 'system' }, { role: 'user' }] })
    const task = await loadTask({ name: './out' }, { baseDirectory: directory })
    expect((task.prompts(Math.random, 'train') as Example[])[0]!.prompt).toMatchObject(prompt(String(row!.problem)))
  })

  it('reports what stands in a benchmark, and drops it where asked', async () => {
    const long = Array.from({ length: 20 }, (_, i) => `word${i}`).join(' ')
    put('rows.jsonl', [...rows, { question: `${long} and an ending`, answer: 1 }])
    put('bench.jsonl', [
      { problem: texts[3]!.toUpperCase(), answer: 3 },
      { problem: texts[4], answer: 4 },
      { problem: `${long} and another one`, answer: 1 },
      { problem: 'Nothing like it', answer: 1 },
    ])
    const { overlap, counts } = await prepare('rows.jsonl', { holdOut: 0, against: [at('bench.jsonl')] })
    expect(overlap).toMatchObject([{ problems: 4, exact: 2, near: 3, touching: 3, dropped: 0 }])
    expect(counts).toMatchObject({ train: 31, overlapping: 0 })
    const pairs = await readRows(at('out/overlap.jsonl'))
    expect(pairs.filter(({ exact }) => exact)).toHaveLength(2)
    const dropped = await prepare('rows.jsonl', {
      out: at('dropped'),
      holdOut: 0,
      against: [at('bench.jsonl')],
      dropOverlaps: true,
    })
    expect(dropped.counts).toMatchObject({ train: 28, overlapping: 3 })
    const left = (await readRows(at('dropped/train.parquet'))).map(({ problem }) => problem)
    expect(left).not.toContain(texts[4])
    expect(existsSync(at('out/eval.parquet'))).toBe(false)
  })

  it('says which of the benchmarks could not be had, but fails on one that is asked for', async () => {
    mkdirSync(at('data'))
    put('data/aime24.jsonl', [{ problem: 'Unrelated', answer: 1 }])
    const manifest = await prepare('rows.jsonl', { against: undefined, dataDirectory: at('data') })
    expect(manifest.overlap.map(({ name }) => name)).toEqual(['aime24'])
    expect(manifest.notCompared.map(({ name }) => name)).toEqual(['gsm8k', 'math500', 'aime25', 'amc23'])
    await expect(prepare('rows.jsonl', { out: at('x'), against: ['aime25'] })).rejects.toThrow(/not in the cache/)
    expect(existsSync(at('x'))).toBe(false)
  })

  it.each<[string, object[], Partial<PrepareOptions>, RegExp]>([
    ['more held out than there are', rows, { holdOut: 30 }, /30 distinct problems, and 30 are to be held out/],
    ['no rows', [], {}, /has no rows/],
    ['no such column', rows, { columns: { prompt: 'text' } }, /no column 'text'/],
    ['an empty answer', [{ question: 'x', answer: ' ' }], {}, /'answer' is empty/],
    ['an empty problem', [{ question: ' ', answer: '1' }], {}, /'question' is empty/],
  ])('refuses %s', async (_, given, options, message) => {
    put('given.jsonl', given)
    await expect(prepare('given.jsonl', options)).rejects.toThrow(message)
    await expect(prepare('given.jsonl', options)).rejects.toHaveProperty('name', 'UserError')
    expect(existsSync(at('out'))).toBe(false)
  })

  it('touches nothing that is there', async () => {
    mkdirSync(at('out'))
    writeFileSync(at('out/mine.txt'), 'x')
    await expect(prepare('rows.jsonl')).rejects.toThrow(/is not empty/)
    await expect(prepare('rows.jsonl', { out: at('rows.jsonl') })).rejects.toThrow(/is a file/)
    await expect(prepare('rows.jsonl', { out: at('rows.jsonl/deeper') })).rejects.toThrow(/rows.jsonl is a file/)
    expect(readdirSync(at('out'))).toEqual(['mine.txt'])
  })

  it('leaves nothing behind where writing fails, and goes over what a killed one left', async () => {
    const disk = {
      ...realDisk,
      rename() {
        throw new Error('full')
      },
    }
    await expect(prepare('rows.jsonl', { disk })).rejects.toThrow('full')
    expect(readdirSync(directory).sort()).toEqual(['rows.jsonl'])
    await prepare('rows.jsonl')
    cpSync(at('out'), at('.later.partial'), { recursive: true })
    writeFileSync(at('.later.partial/old.txt'), 'x')
    await prepare('rows.jsonl', { out: at('later') })
    expect(readdirSync(at('later')).sort()).toEqual(['eval.parquet', 'manifest.json', 'overlap.jsonl', 'train.parquet'])
  })
})
