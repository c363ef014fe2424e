import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTinyModel } from '../../../test/training/tiny-model.js'
import { uniform } from '../../base/philox.js'
import type { Completion, SamplingOptions } from '../../rollout/types.js'
import { type Disk, realDisk } from '../store/disk.js'
import { lockRun } from '../store/run-lock.js'
import type { EvalPlan } from './plan.js'
import { type EvalEngine, type EvalOptions, evaluateModels } from './session.js'

const root = mkdtempSync(join(tmpdir(), 'evaluate-'))
afterAll(() => rmSync(root, { recursive: true }))
let model: string
let data: string
beforeAll(() => {
  model = writeTinyModel(join(root, 'tiny'))
  data = join(root, 'sums.jsonl')
  const rows = Array.from({ length: 10 }, (_, i) => ({ prompt: `${i}+1`, answer: String((i + 1) % 10) }))
  writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
})

// Ids of the digits in the tiny model's vocabulary: three special tokens come before them.
const digit = (value: number) => 3 + value

/**
 * An engine that answers with one digit, drawn as a real one draws: by seed, step, key, sample and position alone.
 * `calls` collects the keys of each batch; `misbehave` is called before a batch is answered.
 */
function fakeEngine(calls: number[][] = [], misbehave: (call: number) => void = () => {}) {
  return async (): Promise<EvalEngine> => ({
    info: {
      model: 'tiny',
      parameters: 1,
      vocabSize: 64,
      device: 'cpu',
      dtype: 'float32',
      engine: 'fake 1',
      threads: 1,
    },
    async sample(prompts, options, onProgress) {
      calls.push(prompts.map(({ key }) => key))
      misbehave(calls.length)
      const completions = prompts.flatMap(({ key }, prompt) =>
        Array.from({ length: options.samplesPerPrompt }, (_, sample) => answer(prompt, key, sample, options)),
      )
      onProgress?.({ tokens: completions.length, completions: completions.length })
      return { completions, statistics: { promptTokens: 0, completionTokens: 0, seconds: 0, edgeDraws: 0 } }
    },
    close: async () => {},
  })
}

function answer(prompt: number, key: number, sample: number, { seed, step }: SamplingOptions): Completion {
  const draw = uniform(seed, step, key, sample, 0)
  // The right digit in half of the draws, else another.
  const value = draw < 0.5 ? (key + 1) % 10 : Math.floor(draw * 10)
  const floats = () => Float32Array.of(draw)
  return {
    prompt,
    sample,
    tokens: Int32Array.of(digit(value)),
    finish: 'stop',
    logprob: floats(),
    entropy: floats(),
    sumP2: floats(),
    sumP2LogP: floats(),
    S: floats(),
    expectedS: floats(),
    sumS2: floats(),
  }
}

const run = (options: Partial<EvalOptions> = {}) =>
  evaluateModels({ models: [model], data: [data], chat: false, samples: 4, openEngine: fakeEngine(), ...options })

let count = 0
const fresh = () => join(root, `out-${count++}`)
const contents = (directory: string) =>
  ['results.json', 'responses.parquet', 'problems/1-sums.jsonl'].map((name) =>
    readFileSync(join(directory, name), 'latin1'),
  )

describe('an evaluation', () => {
  it('writes results, responses and what it ran on', async () => {
    const out = fresh()
    const outcome = await run({ out })
    const results = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'))
    const { interrupted, directory, ...rest } = outcome
    expect(results).toEqual(rest)
    expect({ interrupted, directory }).toEqual({ interrupted: false, directory: out })
    expect(results.models).toMatchObject([{ name: 'tiny', given: model }])
    expect(results.data).toMatchObject([{ name: 'sums', problems: 10, samples: 4 }])
    const [figures] = results.results
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(out, 'responses.parquet')) })
    expect(rows.length).toBe(40)
    expect(Object.keys(rows[0]!)).toEqual([
      ...['model', 'data', 'prompt_id', 'sample', 'prompt', 'completion', 'answer', 'extracted', 'correct', 'reward'],
      ...['reason', 'finish', 'length', 'logprob', 'entropy'],
    ])
    expect(figures.avg_at_k).toBeCloseTo(rows.filter(({ correct }) => correct).length / 40, 14)
    for (const { answer, completion, correct } of rows) expect(correct).toBe(answer === completion)
    expect(JSON.parse(readFileSync(join(out, 'environment.json'), 'utf8'))).toMatchObject({ engine: 'fake 1', seed: 0 })
    expect(existsSync(join(out, '.lock'))).toBe(false)
  })

  it('depends on the seed, not on the batch size nor on what else is evaluated', async () => {
    const [plain] = (await run()).results
    const other = await run({ batchSize: 1 })
    expect(other.results[0]).toEqual(plain)
    const more = await run({ data: ['arithmetic', data], problems: 10, batchSize: 100 })
    expect(more.results.map(({ data }) => data)).toEqual(['arithmetic', 'sums'])
    expect(more.results[1]).toEqual(plain)
    expect((await run({ seed: 1 })).results[0]!.per_problem).not.toEqual(plain!.per_problem)
  })

  it('tells what it costs before it begins, and nothing is opened for a dry run', async () => {
    const plans: unknown[] = []
    await run({
      dryRun: true,
      maxNewTokens: 300,
      onPlan: (plan) => plans.push(plan),
      openEngine: () => Promise.reject(new Error('opened')),
    })
    // The tiny model has 256 positions: no problem has room for 300 tokens.
    expect(plans).toMatchObject([
      {
        data: [{ name: 'sums', problems: 10, samples: 4, completions: 40, tokens: 12_000, shortened: 10 }],
        completions: 40,
        tokens: 12_000,
        completionsDone: 0,
      },
    ])
  })

  it('compares each model with the first, problem by problem', async () => {
    const { differences, models } = await run({ models: [model, model], samples: 2 })
    expect(models.map(({ name }) => name)).toEqual(['tiny', 'tiny (2)'])
    expect(differences).toMatchObject([
      { data: 'sums', a: 'tiny', b: 'tiny (2)', metric: 'avg_at_k', difference: 0, interval: [0, 0], p_value: 1 },
      { metric: 'pass_at_k', difference: 0, p_value: 1 },
    ])
  })
})

describe('a resumed evaluation', () => {
  /** A disk that dies at its nth verb. */
  function dying(after: number): Disk {
    let verbs = 0
    const tick = () => {
      if (++verbs > after) throw new Error('killed')
    }
    return Object.fromEntries(
      Object.entries(realDisk).map(([name, verb]) => [
        name,
        (...args: unknown[]) => {
          tick()
          return (verb as (...all: unknown[]) => unknown)(...args)
        },
      ]),
    ) as unknown as Disk
  }

  it('keeps the type that auto came to', async () => {
    const out = fresh()
    const plans: EvalPlan[] = []
    const asked: unknown[] = []
    const options: Parameters<typeof run>[0] = {
      out,
      dtype: 'auto',
      onPlan: (plan) => plans.push(plan),
      openEngine: async (_, { dtype }) => {
        asked.push(dtype)
        return fakeEngine()()
      },
    }
    await run(options)
    const manifest = JSON.parse(readFileSync(join(out, 'eval.json'), 'utf8'))
    expect(['float32', 'bfloat16']).toContain(manifest.dtype)
    expect([plans[0]!.engine.dtype, ...asked]).toEqual([manifest.dtype, manifest.dtype])
    expect(plans[0]!.engine.dtypeChoice?.by).toBe('measurement')
    await run({ ...options, resume: true })
    expect(plans[1]!.engine).toMatchObject({ dtype: manifest.dtype, dtypeChoice: { by: 'run' } })
  })

  it('ends in the same bytes wherever it was killed, and samples no finished problem twice', async () => {
    const whole = fresh()
    await run({ out: whole })
    for (let after = 0; ; after++) {
      const out = fresh()
      const first: number[][] = []
      const killed = await run({ out, disk: dying(after), openEngine: fakeEngine(first) }).then(
        () => false,
        () => true,
      )
      if (!killed) {
        expect(after).toBeGreaterThan(8)
        break
      }
      const journal = join(out, 'problems', '1-sums.jsonl')
      const done = existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').length - 1 : 0
      const second: number[][] = []
      await run({ out, resume: true, openEngine: fakeEngine(second) })
      expect(contents(out)).toEqual(contents(whole))
      expect(second.flat()).toEqual(Array.from({ length: 10 - done }, (_, i) => done + i))
    }
  })

  it('cuts a line that was being written, and keeps the batch of its problems as it was', async () => {
    const whole = fresh()
    const calls: number[][] = []
    await run({ out: whole, openEngine: fakeEngine(calls) })
    const out = fresh()
    cpSync(whole, out, { recursive: true })
    rmSync(join(out, 'results.json'))
    const journal = join(out, 'problems', '1-sums.jsonl')
    const lines = readFileSync(journal, 'utf8').split('\n')
    writeFileSync(journal, `${lines.slice(0, 5).join('\n')}\n${lines[5]!.slice(0, 40)}`)
    const again: number[][] = []
    await run({ out, resume: true, openEngine: fakeEngine(again) })
    expect(contents(out)).toEqual(contents(whole))
    // Windows of two problems (an eighth of ten, rounded up); problem 4 was there, and is sampled beside 5 as before.
    expect(calls).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
      [8, 9],
    ])
    expect(again).toEqual([
      [4, 5],
      [6, 7],
      [8, 9],
    ])
  })

  it('stops when told to, keeps what is finished, and has no results before the end', async () => {
    const out = fresh()
    const stop = new AbortController()
    const openEngine = fakeEngine([], (call) => call === 3 && stop.abort())
    const outcome = await run({ out, signal: stop.signal, openEngine })
    expect(outcome).toMatchObject({ interrupted: true, results: [] })
    expect(existsSync(join(out, 'results.json'))).toBe(false)
    const calls: number[][] = []
    expect((await run({ out, resume: true, openEngine: fakeEngine(calls) })).interrupted).toBe(false)
    expect(calls[0]).toEqual([4, 5])
  })

  it('does nothing where everything is there', async () => {
    const out = fresh()
    const { results } = await run({ out })
    const openEngine = () => Promise.reject(new Error('opened'))
    expect((await run({ out, resume: true, openEngine })).results).toEqual(results)
  })

  it('refuses other settings, data and weights by name', async () => {
    const out = fresh()
    await run({ out })
    await expect(run({ out })).rejects.toThrow('holds an evaluation already')
    await expect(run({ out, resume: true, seed: 7 })).rejects.toThrow('data.0.settings.seed: 0 before, 7 now')
    await expect(run({ out, resume: true, samples: 8 })).rejects.toThrow('data.0.samples: 4 before, 8 now')
    const changed = join(root, 'changed', 'sums.jsonl')
    cpSync(data, changed)
    appendFileSync(changed, '{"prompt":"1","answer":"1"}\n')
    await expect(run({ out, resume: true, data: [changed] })).rejects.toThrow('data.0.hash')
    const weights = join(root, 'moving')
    cpSync(model, weights, { recursive: true })
    const moving = fresh()
    await run({ models: [weights], out: moving })
    const file = join(weights, 'model.safetensors')
    const bytes = readFileSync(file)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(file, bytes)
    await expect(run({ models: [weights], out: moving, resume: true })).rejects.toThrow('models.0.fingerprint')
  })

  it('refuses a journal of other problems, and a damaged one', async () => {
    const out = fresh()
    await run({ out })
    const [name] = readdirSync(join(out, 'problems'))
    const journal = join(out, 'problems', name!)
    const text = readFileSync(journal, 'utf8')
    writeFileSync(journal, text.replace('"id":"0"', '"id":"zero"'))
    await expect(run({ out, resume: true })).rejects.toThrow('other problems')
    writeFileSync(journal, text.replace('\n', 'x\n'))
    await expect(run({ out, resume: true })).rejects.toThrow('1: not a JSON object')
  })
})

describe('what cannot be evaluated', () => {
  it.each<[string, Partial<EvalOptions>, string]>([
    ['no model', { models: [] }, 'no model'],
    ['no data', { data: [] }, 'no data'],
    ['a model that is not there', { models: ['./nowhere'] }, 'nowhere'],
    ['data that is not there', { data: ['./nowhere.jsonl'] }, 'no such file'],
    ['an unknown name', { data: ['aime2'] }, 'aime2'],
    ['no samples', { samples: 0 }, 'samples: 1 to 512'],
    ['a temperature of 0', { temperature: 0 }, 'temperature: above 0'],
    ['a template without a place', { template: 'solve' }, 'no {prompt}'],
  ])('%s', async (_, options, message) => {
    await expect(run(options)).rejects.toThrow(message)
  })

  it('a task without an end, unless told how many problems to take', async () => {
    const endless = join(root, 'endless.mjs')
    writeFileSync(
      endless,
      `export default {
        name: 'endless',
        *prompts() { for (let i = 0; ; i++) yield { id: String(i), prompt: String(i) } },
        grade: () => 0,
      }`,
    )
    await expect(run({ data: [endless] })).rejects.toThrow('may have no end')
    expect((await run({ data: [endless], problems: 3 })).results[0]).toMatchObject({ problems: 3, avg_at_k: 0 })
  })

  it('a prompt that fills the model', async () => {
    const long = join(root, 'long.jsonl')
    writeFileSync(long, `${JSON.stringify({ prompt: '1'.repeat(300), answer: '1' })}\n`)
    await expect(run({ data: [long] })).rejects.toThrow('300 tokens, and the model 256 positions')
  })

  it('a directory that another process writes to', async () => {
    const out = fresh()
    mkdirSync(out)
    const unlock = lockRun(out)
    await expect(run({ out })).rejects.toThrow(/process \d+ on .+ is writing to it/)
    unlock()
    expect((await run({ out })).interrupted).toBe(false)
  })

  it('leaves a directory with something else alone', async () => {
    const out = fresh()
    cpSync(model, out, { recursive: true })
    await expect(run({ out })).rejects.toThrow('not empty')
  })
})
