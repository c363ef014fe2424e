import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fakeCompletion } from '../../../test/fake-run.js'
import { rolloutParquet } from '../../run/store/rollout-file.js'
import type { GradedCompletion } from '../../train/events.js'
import { commonPrompt, readSharedSamples } from './shared-samples.js'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'shared-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const completion = (promptId: string, reward: number, masked: number): GradedCompletion => ({
  ...fakeCompletion([1, 2, 3], reward),
  promptId,
  gradMask: Uint8Array.from([0, 1, 2], (i) => (i < masked ? 0 : 1)),
})

function run(name: string, steps: Record<number, GradedCompletion[]>): string {
  const directory = join(root, name)
  mkdirSync(join(directory, 'rollouts'), { recursive: true })
  for (const [step, rows] of Object.entries(steps)) {
    const file = `step-${step.padStart(6, '0')}.parquet`
    writeFileSync(join(directory, 'rollouts', file), rolloutParquet(rows, Number(step)))
  }
  return directory
}

const options = { maxTokens: 10 }

describe('the same prompt under several runs', () => {
  it('is one that all have, with the most masked tokens; the most masked and the best completion stand for it', async () => {
    const a = run('a', { 1: [completion('p', 0, 0), completion('p', 1, 0), completion('q', 1, 0)] })
    const b = run('b', { 1: [completion('p', 0, 2), completion('p', 1, 1), completion('z', 0, 3)] })
    const [shared] = await readSharedSamples([a, b], options, [])
    expect(shared).toMatchObject({ step: 1, promptId: 'p' })
    // Without a masked token: worst and best.
    expect(shared!.runs[0]!.map(({ reward }) => reward)).toEqual([0, 1])
    expect(shared!.runs[1]!.map(({ tokens }) => tokens.filter(({ kept }) => !kept).length)).toEqual([2, 1])
  })

  it('is taken at up to six steps that all have, the first and the last among them', async () => {
    const rows = [completion('p', 0, 1), completion('p', 1, 0)]
    const steps = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [i + 1, rows]))
    const shared = await readSharedSamples([run('a', steps), run('b', { ...steps, 12: rows })], options, [])
    expect(shared.map(({ step }) => step)).toEqual([1, 3, 5, 7, 9, 11])
  })

  it('is nothing where no prompt is common, and a damaged file is named', async () => {
    const a = run('a', { 1: [completion('p', 0, 0)], 2: [completion('p', 0, 0)] })
    const b = run('b', { 1: [completion('q', 0, 0)], 2: [completion('p', 0, 0)] })
    writeFileSync(join(b, 'rollouts', 'step-000002.parquet'), 'PAR1')
    const problems: string[] = []
    expect(await readSharedSamples([a, b], options, problems)).toEqual([])
    expect(problems).toEqual([expect.stringContaining('rollouts of step 2: not readable')])
  })

  it('prefers masked tokens to differing rewards', () => {
    const head = (prompt_id: string, reward: number, masked: number) => ({ prompt_id, reward, advantage: 0, masked })
    expect(
      commonPrompt([
        [head('wide', 0, 0), head('wide', 1, 0), head('masked', 0, 1)],
        [head('masked', 0, 0), head('wide', 0, 0)],
      ]),
    ).toBe('masked')
    expect(commonPrompt([[head('same', 1, 0), head('wide', 0, 0), head('wide', 1, 0)]])).toBe('wide')
    expect(commonPrompt([])).toBeUndefined()
  })
})
