import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runPaths } from '../store/run-directory.js'
import { planReproduction } from './plan.js'
import type { RunTraining } from './process.js'
import { type ReproduceOptions, reproduce } from './reproduce.js'
import type { Claim, Scale } from './types.js'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'reproduce-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const scale: Scale = {
  name: 'mini',
  words: 'a test',
  policy: 'p',
  base: { task: { name: 'arithmetic' }, train: { steps: 3 } },
  targets: { below: 1, above: 2 },
  variants: {
    plain: { label: 'Plain', changes: {} },
    clip: { label: 'Clip', changes: { entropy: { method: 'clip-v', muLow: 1 } } },
  },
}

const measure = {
  name: 'reward',
  of: ({ steps }: { steps: readonly { reward_mean: number }[] }) => steps[0].reward_mean,
}
const claim = (id: string): Claim => ({
  id,
  title: `${id}.`,
  experiment: 'E.',
  comparisons: [{ of: { variant: 'clip', measure }, against: { variant: 'plain', measure }, expected: 'above' }],
  figures: [],
})

const plan = (seeds = 5, claims = [claim('one'), claim('two')], firstSeed = 1) =>
  planReproduction({ scale, claims, seeds, firstSeed, root, policyOf: (name) => ({ model: name, weights: name }) })

/** Writes what a run leaves, up to `steps`; its reward tells method and seed. */
function writeRun({ recipe, directory }: Parameters<RunTraining>[0], steps = recipe.train.steps) {
  const paths = runPaths(directory)
  for (const path of [paths.rollouts, paths.checkpoints]) mkdirSync(path, { recursive: true })
  writeFileSync(paths.config, 'model: p\n')
  const reward = recipe.entropy.method === 'none' ? 0 : 1 + (recipe.seed - 1) / 10
  const lines = Array.from({ length: steps }, (_, i) => JSON.stringify({ step: i + 1, reward_mean: reward }))
  writeFileSync(paths.metrics, `${lines.join('\n')}\n`)
}

const finish: RunTraining = async (task) => {
  writeRun(task)
  return { interrupted: false }
}

/** A trainer that counts, and how many of its runs were in progress at once at most. */
function trainer(work: RunTraining = finish) {
  const calls: string[] = []
  let running = 0
  let most = 0
  const runTraining: RunTraining = async (task, callbacks) => {
    calls.push(task.directory)
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    try {
      return await work(task, callbacks)
    } finally {
      running--
    }
  }
  return { runTraining, calls, most: () => most }
}

const run = (seeds: number, runTraining: RunTraining, more: Partial<ReproduceOptions> = {}) =>
  reproduce(plan(seeds), scale, { root, jobs: 2, runTraining, ...more })

describe('reproduce', () => {
  it('makes every run once, several at a time, and judges the claims', async () => {
    const { runTraining, calls, most } = trainer()
    const outcome = await run(5, runTraining)
    expect([calls.length, new Set(calls).size, most()]).toEqual([10, 10, 2])
    expect(outcome.claims.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['one', 'holds'],
      ['two', 'holds'],
    ])
    // 1, 1.1 .. 1.4: mean 1.2, s = sqrt(0.1 / 4), t(4) = 2.7764.
    const { interval, difference } = outcome.claims[0].comparisons[0]
    expect(difference.map((value) => value!.toFixed(1))).toEqual(['1.0', '1.1', '1.2', '1.3', '1.4'])
    expect(interval!.low).toBeCloseTo(1.2 - 2.7764 * Math.sqrt(0.025 / 5), 3)
    expect(outcome.runs).toEqual({ planned: 10, complete: 10, failed: [] })
  })

  it('leaves results as JSON and CSV, and of a complete run what it is measured by', async () => {
    const { runTraining, calls } = trainer()
    const outcome = await run(5, runTraining)
    expect(JSON.parse(readFileSync(join(root, 'results.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(outcome)))
    const csv = readFileSync(join(root, 'values.csv'), 'utf8').trimEnd().split('\n')
    expect(csv).toHaveLength(1 + 2 * 5)
    expect(csv[0]).toBe('claim,comparison,seed,value,against,difference')
    expect(csv[1]).toBe('one,"reward, Clip less Plain",1,1,0,1')
    const paths = runPaths(calls[0])
    expect([paths.metrics, paths.config, paths.rollouts, paths.checkpoints].map(existsSync)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  it('names the seeds that were run', async () => {
    const outcome = await reproduce(plan(2, [claim('one')], 6), scale, { root, jobs: 2, runTraining: finish })
    expect([outcome.seeds, outcome.firstSeed]).toEqual([2, 6])
    const lines = readFileSync(join(root, 'values.csv'), 'utf8').trimEnd().split('\n')
    expect(lines.slice(1)).toEqual([
      'one,"reward, Clip less Plain",6,1.5,0,1.5', // its trainer rewards seed n with 1 + (n - 1) / 10
      'one,"reward, Clip less Plain",7,1.6,0,1.6',
    ])
  })

  it('keeps everything where asked', async () => {
    const { runTraining, calls } = trainer()
    await run(1, runTraining, { keep: true })
    expect(existsSync(runPaths(calls[0]).checkpoints)).toBe(true)
  })

  it('makes only what is missing on the next call, also with more seeds', async () => {
    await run(2, trainer().runTraining)
    const again = trainer()
    const outcome = await run(5, again.runTraining)
    expect(again.calls).toHaveLength(6)
    expect(outcome.claims[0].verdict).toBe('holds')
  })

  it('goes on with a run that was cut off', async () => {
    const [first] = plan(1).runs
    writeRun(first, 2)
    const { runTraining, calls } = trainer()
    await run(1, runTraining)
    expect(calls).toContain(first.directory)
  })

  it('stops on a signal, with what is there judged', async () => {
    const stop = new AbortController()
    const { runTraining, calls } = trainer(async (task, { signal }) => {
      if (task.recipe.seed === 2) stop.abort()
      if (signal?.aborted) return { interrupted: true }
      writeRun(task)
      return { interrupted: false }
    })
    const outcome = await run(5, runTraining, { signal: stop.signal, jobs: 1 })
    expect(calls).toHaveLength(2)
    expect(outcome).toMatchObject({ interrupted: true, runs: { complete: 1 } })
    expect(outcome.claims[0].comparisons[0]).toMatchObject({ verdict: 'not shown', reason: 'needs 5 seeds, has 0' })
  })

  it('goes on after a run that fails, and names it', async () => {
    const { runTraining } = trainer(async (task) => {
      if (task.recipe.seed === 3 && task.recipe.entropy.method === 'none') throw new Error('diverged')
      writeRun(task)
      return { interrupted: false }
    })
    const told: string[] = []
    const outcome = await run(5, runTraining, { onFailed: (one, message) => told.push(`${one.label}: ${message}`) })
    expect(told).toEqual(['Plain: diverged'])
    expect(outcome.runs).toMatchObject({ complete: 9, failed: [{ message: 'diverged' }] })
    expect(outcome.claims[0].comparisons[0]).toMatchObject({ reason: 'needs 5 seeds, has 4' })
  })

  it('does not take a run that ends short of its last step for a whole one', async () => {
    const { runTraining } = trainer(async (task) => {
      writeRun(task, 2)
      return { interrupted: false }
    })
    const outcome = await run(1, runTraining)
    expect(outcome.runs.failed.map(({ message }) => message)).toEqual(
      Array(2).fill('it ended without its last step or evaluation'),
    )
  })

  it('is held by one process at a time', async () => {
    const { runTraining } = trainer()
    const first = run(1, runTraining)
    await expect(run(1, runTraining)).rejects.toThrow(/is training in it/)
    await first
  })

  it('tells how far it is', async () => {
    const told: [number, number][] = []
    await run(2, trainer().runTraining, { onDone: ({ done, total }) => told.push([done, total]) })
    expect(told).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 4],
    ])
  })
})
