import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fakeCompletion } from '../../../test/fake-run.js'
import { rolloutParquet } from '../../run/store/rollout-file.js'
import { pickRows, readSamples } from './samples.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'isentrope-samples-'))
  mkdirSync(join(directory, 'rollouts'))
})
afterEach(() => rmSync(directory, { recursive: true }))

function writeRollouts(step: number, rows = [fakeCompletion([0.5, 0.25], 0), fakeCompletion([1, 2, 3], 1)]): void {
  writeFileSync(
    join(directory, 'rollouts', `step-${String(step).padStart(6, '0')}.parquet`),
    rolloutParquet(rows, step),
  )
}

describe('pickRows', () => {
  const head = (prompt_id: string, reward: number) => ({ prompt_id, reward, advantage: 0 })

  it('takes best and worst of the prompt whose rewards differ most', () => {
    expect(pickRows([head('a', 0), head('b', 1), head('a', 0.5), head('b', 0), head('b', 0.2)])).toEqual([1, 3])
  })

  it('does with equal rewards, a group of one and nothing', () => {
    expect(pickRows([head('a', 1), head('a', 1), head('a', 1)])).toEqual([0, 2])
    expect(pickRows([head('a', 1)])).toEqual([0])
    expect(pickRows([])).toEqual([])
  })
})

describe('readSamples', () => {
  it('reads a completion with its tokens', async () => {
    writeRollouts(7)
    const problems: string[] = []
    const samples = await readSamples(
      directory,
      { files: 1, decodeToken: (id) => ['4', '!', '?'][id], maxTokens: 2 },
      problems,
    )
    expect(problems).toEqual([])
    expect(samples.map(({ reward }) => reward)).toEqual([1, 0])
    expect(samples[0]).toMatchObject({
      step: 7,
      promptId: 'p-1',
      prompt: 'What is 2 + 2?',
      completion: '4',
      answer: '4',
      advantage: 0.5,
      hiddenTokens: 1,
    })
    // fakeCompletion keeps the gradient of every second token.
    expect(samples[0].tokens).toEqual([
      { id: 0, text: '4', logprob: 1, entropy: 1, s: 1, expectedS: 1, kept: false },
      { id: 1, text: '!', logprob: 2, entropy: 2, s: 2, expectedS: 2, kept: true },
    ])
  })

  it('spreads the files from first to last and orders them by step', async () => {
    for (const step of [1, 2, 10, 1_000_000]) writeRollouts(step)
    const steps = async (files: number) =>
      (await readSamples(directory, { files, maxTokens: 10 }, [])).map(({ step }) => step)
    expect(await steps(1)).toEqual([1_000_000, 1_000_000])
    expect(await steps(2)).toEqual([1, 1, 1_000_000, 1_000_000])
    expect(new Set(await steps(9))).toEqual(new Set([1, 2, 10, 1_000_000]))
  })

  it('names a file that it cannot read and goes on', async () => {
    writeRollouts(1)
    writeFileSync(join(directory, 'rollouts', 'step-000002.parquet'), 'PAR1 but not really')
    const problems: string[] = []
    const samples = await readSamples(directory, { files: 2, maxTokens: 10 }, problems)
    expect(samples).toHaveLength(2)
    expect(problems).toEqual([expect.stringContaining('rollouts/step-000002.parquet: not readable')])
  })

  it('finds nothing in a run without rollouts', async () => {
    rmSync(join(directory, 'rollouts'), { recursive: true })
    expect(await readSamples(directory, { files: 3, maxTokens: 10 }, [])).toEqual([])
  })
})
