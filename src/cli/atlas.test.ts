import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { runCommand } from '../../test/fake-io.js'
import { fakeCompletion, fakeRecipe } from '../../test/fake-run.js'
import { parsePage } from '../../test/html.js'
import type { Atlas } from '../report/atlas/atlas.js'
import { rolloutParquet } from '../run/store/rollout-file.js'
import type { GradedCompletion } from '../train/events.js'
import { atlasCommand } from './atlas.js'

const root = mkdtempSync(join(tmpdir(), 'atlas-'))
const run = join(root, 'run')
afterAll(() => rmSync(root, { recursive: true }))

/** S as given, E[S] = 0, H = 1, log p = -1. */
function completion(S: number[], advantage: number): GradedCompletion {
  const base = fakeCompletion(S)
  const constant = (value: number) => Float32Array.from(S, () => value)
  return {
    ...base,
    advantage,
    completion: {
      ...base.completion,
      S: Float32Array.from(S),
      expectedS: constant(0),
      entropy: Float32Array.from(S, (_, t) => 1 + t),
      logprob: constant(-1),
      sumS2: constant(0.5),
    },
  }
}

beforeAll(() => {
  mkdirSync(join(run, 'rollouts'), { recursive: true })
  writeFileSync(join(run, 'config.yaml'), stringify(fakeRecipe({ entropy: { method: 'clip-v', muLow: 1, muHigh: 1 } })))
  const rows = [completion([0.5, -0.25], 1), completion([0.25, -0.5], -1)]
  for (const step of [1, 2]) {
    writeFileSync(join(run, `rollouts/step-00000${step}.parquet`), rolloutParquet(rows, step))
  }
})

const atlas = (...argv: string[]) => runCommand((io) => atlasCommand(io), ['atlas', ...argv])

describe('atlas', () => {
  it('prints one JSON object with --json, and nothing else', async () => {
    const { code, out, err } = await atlas(run, '--json')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const found = JSON.parse(out) as Atlas
    expect(found).toMatchObject({ source: run, steps: [2], tokens: 4, trainableTokens: 4, entropy: 1.5 })
    // -w A Sc with w = 1/4: A > 0 has -0.125 and 0.0625, A < 0 has 0.0625 and -0.125.
    expect(found.mass).toEqual({
      positive: { raising: 0.0625, lowering: -0.125 },
      negative: { raising: 0.0625, lowering: -0.125 },
    })
    const row = (name: string) => found.rows.find(({ method }) => method === name)!
    expect(row('ppo-clip (GRPO)')).toMatchObject({ tokensKept: 1, predictedDH: -0.125, againstGrpo: 0, bonusDH: 0 })
    // 0.001 x mean sum S^2
    expect(row('entropy-bonus 0.001').bonusDH).toBeCloseTo(0.0005, 9)
    // sigma of 0.5, -0.25, 0.25, -0.5 is 0.395: the recipe's mu of 1 masks the outer two.
    expect(row('clip-v mu 1')).toMatchObject({
      tokensKept: 0.5,
      positive: { raising: 1, lowering: 0 },
      negative: { raising: 1, lowering: 0 },
      predictedDH: 0.125,
      againstGrpo: 0.25,
    })
    expect(found.statements.map(({ verdict }) => verdict)).toEqual([
      'nothing to judge',
      'nothing to judge',
      'does not hold',
    ])
  })

  it('reads one file with the recipe beside it, or several steps', async () => {
    const one = JSON.parse((await atlas(join(run, 'rollouts/step-000001.parquet'), '--json')).out) as Atlas
    expect(one.steps).toEqual([1])
    expect(one.rows.some(({ method }) => method === 'clip-v mu 1')).toBe(true)
    const both = JSON.parse((await atlas(run, '--steps', 'all', '--json')).out) as Atlas
    expect(both.steps).toEqual([1, 2])
    // Masses and predictions are means over the steps.
    expect(both.mass).toEqual(one.mass)
  })

  it('prints a table and the verdicts for people', async () => {
    const { code, out } = await atlas(run)
    expect(code).toBe(0)
    expect(out).toMatch(/^clip-v mu 1 +50\.0 % +100\.0 % +0\.0 % +100\.0 % +0\.0 % +0\.125 +0\.25$/m)
    expect(out).toContain('r = 1 as in a first update')
    expect(out).toContain('DOES NOT HOLD: High-entropy tokens have Sc > 0.')
  })

  it('draws a page', async () => {
    const path = join(root, 'page.html')
    const { code, err } = await atlas(run, '--out', path)
    expect({ code, err }).toEqual({ code: 0, err: `Wrote ${path}\n` })
    const { elements } = parsePage(readFileSync(path, 'utf8'))
    expect(elements.filter(({ name }) => name === 'figure')).toHaveLength(1)
    const found = JSON.parse((await atlas(run, '--json')).out) as Atlas
    expect(elements.filter(({ name }) => name === 'td').length).toBeGreaterThan(2 * found.rows.length)
  })

  it.each([
    ['no such path', () => [join(root, 'none')], /none: no such file or directory/],
    ['no rollouts', () => [root], /holds no rollouts/],
    [
      'a step that is not there',
      () => [run, '--steps', '7-9'],
      /has no rollouts of steps 7 to 9[\s\S]*it has steps 1 to 2/,
    ],
    ['steps of a file', () => [join(run, 'rollouts/step-000001.parquet'), '--steps', '1'], /--steps chooses/],
    ['steps backwards', () => [run, '--steps', '3-1'], /must be a step, FIRST-LAST or all/],
    ['a temperature that nothing reads', () => [run, '--temperature', '0.5'], /--temperature needs --model/],
    ['a file that is no Parquet', () => [join(run, 'config.yaml')], /cannot be read as Parquet/],
    ['a page nowhere', () => [run, '--out', join(root, 'none/page.html')], /page\.html/],
  ])('says what is wrong: %s', async (_, argv, message) => {
    const { code, out, err } = await atlas(...argv())
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toMatch(message)
  })

  it('refuses Parquet that holds no rollouts, and a torn file', async () => {
    const whole = readFileSync(join(run, 'rollouts/step-000001.parquet'))
    const torn = join(root, 'torn.parquet')
    writeFileSync(torn, whole.subarray(0, whole.length / 2))
    const { code, err } = await atlas(torn)
    expect(code).toBe(2)
    expect(err).toMatch(/cannot be read as Parquet/)
  })

  it('reads a batch in which every reward was the same', async () => {
    const file = join(root, 'equal.parquet')
    writeFileSync(file, rolloutParquet([completion([0.5, -0.25], 0)], 3))
    const { code, out } = await atlas(file, '--out', join(root, 'equal.html'))
    expect(code).toBe(0)
    expect(out).toContain('0 with A not 0')
    expect(readFileSync(join(root, 'equal.html'), 'utf8')).toContain('there is no update to look at')
  })

  it('names the token whose statistic is not finite', async () => {
    const file = join(root, 'nan.parquet')
    writeFileSync(file, rolloutParquet([completion([0.5, Number.NaN], 1)], 3))
    const { code, err } = await atlas(file)
    expect(code).toBe(2)
    expect(err).toMatch(/nan\.parquet, row 1: s of token 1 is NaN/)
  })

  it('cannot score without a temperature', async () => {
    const file = join(root, 'tempered.parquet')
    writeFileSync(file, rolloutParquet([{ ...completion([0.5], 1), promptTokens: Int32Array.of(1, 2) }], 1))
    const { code, err } = await atlas(file, '--model', 'none')
    expect(code).toBe(2)
    expect(err).toMatch(/no config\.yaml says at which temperature/)
  })

  it('cannot score prompts that nothing can rebuild', async () => {
    const file = join(root, 'alone.parquet')
    writeFileSync(file, readFileSync(join(run, 'rollouts/step-000001.parquet')))
    const { code, err } = await atlas(file, '--model', 'test/fixtures/models/llama', '--temperature', '1')
    expect(code).toBe(2)
    expect(err).toMatch(/holds no prompt tokens/)
  })
})
