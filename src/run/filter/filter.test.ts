import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os, { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openModel } from '../../model/open.js'
import { emptyStatistics } from '../../rollout/statistics.js'
import type { Completion, SamplePrompt, SamplingOptions } from '../../rollout/types.js'
import { readRows } from '../../task/data/rows.js'
import { loadTask } from '../../task/registry.js'
import type { Example } from '../../task/types.js'
import type { EvalEngine } from '../evaluate/session.js'
import { type FilterOptions, type FilterPlan, type FilterProgress, filterData } from './filter.js'

const model = fileURLToPath(new URL('../../../quickstart/policy', import.meta.url))
const problems = 12
const samples = 4

let directory: string
const out = () => join(directory, 'out')
const read = (name: string) => readFileSync(join(out(), name))

/** Answers problem i ("1" is right) rightly in i mod 5 of its 4 samples; `calls` are the problems of each call. */
async function engine(calls: number[][], afterCall: () => void = () => {}): Promise<EvalEngine> {
  const { tokenizer, tensors } = await openModel(model)
  tensors.close()
  return {
    info: {} as EvalEngine['info'],
    async sample(prompts: SamplePrompt[], options: SamplingOptions) {
      calls.push(prompts.map(({ key }) => key))
      const completions = prompts.flatMap(({ key }, prompt) =>
        Array.from({ length: options.samplesPerPrompt }, (_, sample): Completion => {
          const tokens = Int32Array.from(tokenizer.encode(sample < key % 5 ? '1' : '2'))
          return { ...emptyStatistics(tokens.length), prompt, sample, tokens, finish: 'stop' }
        }),
      )
      afterCall()
      return { completions, statistics: { promptTokens: 0, completionTokens: 0, seconds: 1, edgeDraws: 0 } }
    },
    close: async () => {},
  }
}

const filter = (calls: number[][], options: Partial<FilterOptions> = {}, afterCall?: () => void) =>
  filterData({
    model,
    data: { name: join(directory, 'data.jsonl'), chat: false, grader: 'exact' },
    out: out(),
    samples,
    keep: '(0, 1)',
    maxNewTokens: 4,
    batchSize: 8,
    openEngine: () => engine(calls, afterCall),
    ...options,
  })

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'filter-'))
  const rows = Array.from({ length: problems }, (_, i) => ({ prompt: `${i}=`, answer: '1' }))
  writeFileSync(join(directory, 'data.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'))
})
afterEach(() => rmSync(directory, { recursive: true }))

describe('filterData', () => {
  it('keeps the type that auto came to', async () => {
    const plans: FilterPlan[] = []
    const auto = { dtype: 'auto', onPlan: (plan: FilterPlan) => plans.push(plan) } as const
    await filter([], auto)
    await filter([], { ...auto, resume: true })
    const [first, second] = plans.map(({ engine }) => engine)
    expect(first!.dtypeChoice?.by).toBe('measurement')
    expect(second).toMatchObject({ dtype: first!.dtype, dtypeChoice: { by: 'run' } })
  })

  it('writes rates and the problems between the bounds', async () => {
    const calls: number[][] = []
    const plans: FilterPlan[] = []
    const progress: FilterProgress[] = []
    const result = await filter(calls, {
      onPlan: (plan) => plans.push(plan),
      onProgress: (each) => progress.push(each),
    })
    // Two problems of four samples fill a batch of 8.
    expect(calls).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
      [8, 9],
      [10, 11],
    ])
    const engine = { device: 'cpu', dtype: 'float32', threads: os.availableParallelism() }
    expect(plans).toEqual([{ problems, measured: 0, samples, completions: 48, maxNewTokens: 4, tokens: 192, engine }])
    // i mod 5 for i = 0 ... 11: three problems with 0 and with 1, two with 2, 3 and 4.
    expect(result).toMatchObject({
      interrupted: false,
      counts: { problems, measured: 12, kept: 7, unsolved: 3, solved: 2, tooHard: 3, tooEasy: 2 },
      histogram: [3, 3, 2, 2, 2],
      // (0 x 3 + 1 x 3 + 2 x 2 + 3 x 2 + 4 x 2) / 48
      passRateMean: 21 / 48,
      tokens: 48,
    })
    expect(progress.at(-1)).toMatchObject({ problems, problemsTotal: problems, kept: 7, tokens: 48, expectedTokens: 0 })
    const rates = await readRows(join(out(), 'rates.parquet'))
    expect(rates.map(({ correct }) => correct)).toEqual(Array.from({ length: problems }, (_, i) => i % 5))
    const kept = await readRows(join(out(), 'kept.parquet'))
    expect(kept.map(({ prompt }) => prompt)).toEqual(['1=', '2=', '3=', '6=', '7=', '8=', '11='])
  })

  it('is a task of its own, graded as it was measured', async () => {
    await filter([])
    const task = await loadTask({ name: out() })
    const examples = task.prompts(Math.random, 'train') as Example[]
    expect(examples[0]).toEqual({ id: '1', prompt: '1=', answer: '1' })
    const grade = (text: string) => task.grade(text, examples[0]!, { finish: 'stop', tokens: 1 })
    expect(await grade('1')).toMatchObject({ reward: 1 })
    // Equal as numbers, not as text: the rule is `exact`, as in filter.
    expect(await grade('1.0')).toMatchObject({ reward: 0 })
    await expect(loadTask({ name: out(), instruction: 'x' })).rejects.toThrow(/hold their instruction already/)
  })

  it('goes on after a kill in the middle of a line, and ends the same', async () => {
    await filter([])
    const files = ['rates.jsonl', 'rates.parquet', 'kept.parquet', 'manifest.json']
    const whole = files.map(read)
    truncateSync(join(out(), 'rates.jsonl'), Math.floor(whole[0]!.length * 0.6))
    for (const name of files.slice(1)) rmSync(join(out(), name))
    const calls: number[][] = []
    await filter(calls, { resume: true })
    // 7 of 12 lines are whole; the eighth problem's window is sampled again.
    expect(calls).toEqual([
      [6, 7],
      [8, 9],
      [10, 11],
    ])
    expect(files.map(read)).toEqual(whole)
  })

  it('keeps what is measured when it is stopped', async () => {
    const stop = new AbortController()
    let done = 0
    const calls: number[][] = []
    const first = await filter(calls, { signal: stop.signal }, () => {
      if (++done === 3) stop.abort()
    })
    expect(first).toMatchObject({ interrupted: true, counts: { measured: 4 } })
    expect(existsSync(join(out(), 'kept.parquet'))).toBe(false)
    const second = await filter(calls)
    expect(second.counts.measured).toBe(12)
    expect(calls.slice(3)).toEqual([
      [4, 5],
      [6, 7],
      [8, 9],
      [10, 11],
    ])
  })

  it('samples nothing for another range', async () => {
    await filter([])
    const calls: number[][] = []
    const { counts } = await filter(calls, { keep: '[0.5, 1]' })
    expect(calls).toEqual([])
    expect(counts).toMatchObject({ kept: 6, tooHard: 6, tooEasy: 0 })
  })

  it('does not mix rates of other settings, other problems or another file', async () => {
    await filter([])
    await expect(filter([], { temperature: 0.5 })).rejects.toThrow(/temperature: 1 before, 0.5 now/)
    await expect(filter([], { problems: 3 })).rejects.toThrow(/problems: 12 before, 3 now/)
    appendFileSync(join(out(), 'rates.jsonl'), '{"index":0,"id":"other","samples":4}\n')
    await expect(filter([])).rejects.toThrow(/holds other problems than the data/)
    appendFileSync(join(out(), 'rates.jsonl'), 'no json\n{}\n')
    await expect(filter([])).rejects.toThrow(/rates.jsonl:14: not a JSON object/)
  })

  it('says what it would cost and writes nothing on a dry run', async () => {
    const plans: FilterPlan[] = []
    await filter([], { dryRun: true, onPlan: (plan) => plans.push(plan) })
    expect(plans).toMatchObject([{ completions: 48, tokens: 192 }])
    expect(existsSync(out())).toBe(false)
  })

  it('samples a problem that the data repeats once', async () => {
    const rows = ['1', '2', '1'].map((prompt) => ({ prompt, answer: '1' }))
    writeFileSync(join(directory, 'data.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'))
    expect((await filter([])).counts.problems).toBe(2)
  })

  it('takes generated tasks, whose rates are a curriculum of the task', async () => {
    const data = { name: 'countdown', style: 'compact', operations: ['+', '-'], targetMin: 1, targetMax: 20 }
    const { counts, files } = await filter([], { data, problems: 4 })
    expect([counts.measured, files]).toEqual([4, { rates: 'rates.parquet' }])
    await expect(loadTask({ name: out() })).rejects.toThrow(/cannot be graded without the task/)
    await expect(filter([], { data, problems: undefined, out: join(directory, 'x') })).rejects.toThrow(
      /may have no end/,
    )
  })

  it.each<[string, Partial<FilterOptions>, RegExp]>([
    ['no range', { keep: 'most' }, /no range of pass rates/],
    ['no samples', { samples: 0 }, /0 samples/],
    ['nothing to go on with', { resume: true }, /nothing to go on with/],
    ['no such data', { data: './none.jsonl' }, /no such file/],
  ])('refuses %s', async (_, options, message) => {
    await expect(filter([], options)).rejects.toThrow(message)
  })

  it('refuses a directory that holds something else', async () => {
    await expect(filter([], { out: directory })).rejects.toThrow(/is not empty and holds no filter/)
  })
})
