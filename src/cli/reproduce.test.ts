import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fakeIo, runCommand } from '../../test/fake-io.js'
import type { RunTraining } from '../run/reproduce/process.js'
import { runPaths } from '../run/store/run-directory.js'
import { reproduceCommand } from './reproduce.js'

const root = mkdtempSync(join(tmpdir(), 'reproduce-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0
const fresh = () => join(root, `out-${count++}`)

/** What a run leaves: entropy goes where its class of updates pushes it, a little otherwise for each seed. */
const train: RunTraining = async ({ recipe, directory }) => {
  const paths = runPaths(directory)
  mkdirSync(directory, { recursive: true })
  writeFileSync(paths.config, 'model: p\n')
  const { steps } = recipe.train
  const { method } = recipe.entropy
  const rises = method === 'only-positive-unlikely' || method === 'only-negative-likely'
  const slope = ((rises ? 1 : -1) * (9 + recipe.seed)) / 1000
  const lines = Array.from({ length: steps }, (_, i) => ({
    step: i + 1,
    entropy_nats: 0.6 + slope * i,
    reward_mean: 0.5,
  }))
  const evaluations = [0, steps].map((step) => ({
    step,
    entropy_nats: 0.6 + slope * step,
    avg_at_k: 0.5,
    pass_at_k: 0.9,
    pass_histogram: [0.1, 0.4, 0.5],
  }))
  writeFileSync(paths.metrics, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  writeFileSync(paths.evaluations, evaluations.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return { interrupted: false }
}

const reproduce = (argv: string[], runTraining = train) =>
  runCommand((io) => reproduceCommand(io, runTraining), ['reproduce', ...argv], fakeIo())

describe('reproduce', () => {
  it('prints the criteria before any run, then verdicts, intervals and every seed, and writes a page', async () => {
    const out = fresh()
    let before = ''
    const io = fakeIo()
    const spy: RunTraining = (task, callbacks) => {
      before ||= io.stdout.text
      return train(task, callbacks)
    }
    const {
      code,
      err,
      out: text,
    } = await runCommand((own) => reproduceCommand(own, spy), ['reproduce', 'sign', '--out', out], io)
    expect(code).toBe(0)
    expect(before).toContain('change of held-out entropy, A > 0, Sc > 0 alone: below 0')
    expect(before).toContain('20 runs over 5 seeds')
    expect(text).toContain('holds         sign')
    // 20 steps of 10 .. 14 thousandths.
    expect(text).toContain('by seed: −0.2, −0.22, −0.24, −0.26, −0.28')
    expect(text).toContain('1 holds, 0 not shown, 0 contradicted; 20 of 20 runs complete')
    expect(err).toContain('20 of 20')
    const page = readFileSync(join(out, 'report.html'), 'utf8')
    expect(page).toContain('isentrope reproduce sign')
    expect(page).toContain('sign: holds')
    expect(existsSync(join(out, 'values.csv'))).toBe(true)
  })

  it('shows nothing with three seeds, and goes on to five', async () => {
    const out = fresh()
    const three = await reproduce(['sign', '--seeds', '3', '--out', out, '--json'])
    expect(three.code).toBe(0)
    const outcome = JSON.parse(three.out)
    expect(outcome.claims[0]).toMatchObject({ id: 'sign', verdict: 'not shown' })
    expect(outcome.claims[0].comparisons[0].reason).toBe('needs 5 seeds, has 3')
    expect(outcome.claims[0].figures).toBeUndefined()
    expect(three.out.trimEnd().split('\n')).toHaveLength(1)
    let made = 0
    const five = await reproduce(['sign', '--out', out, '--json'], (task, callbacks) => {
      made++
      return train(task, callbacks)
    })
    expect(made).toBe(8)
    expect(JSON.parse(five.out).claims[0].verdict).toBe('holds')
  })

  it('plans without running', async () => {
    const out = fresh()
    const { code, out: text } = await reproduce(['performance', 'breadth', '--dry-run', '--json', '--out', out])
    expect(code).toBe(0)
    const plan = JSON.parse(text)
    expect(plan.claims.map(({ id }: { id: string }) => id)).toEqual(['performance', 'breadth'])
    // GRPO, Clip_B and Clip_V, shared by both claims.
    expect(plan.runs).toHaveLength(15)
    expect(existsSync(out)).toBe(false)
  })

  it('fails where a run fails, after the others', async () => {
    const { code, err } = await reproduce(['sign', '--seeds', '1', '--out', fresh()], (task, callbacks) =>
      task.recipe.entropy.method === 'only-negative-likely'
        ? Promise.reject(new Error('diverged'))
        : train(task, callbacks),
    )
    expect(code).toBe(1)
    expect(err).toContain('failed: A < 0, Sc > 0 alone, seed 1')
    expect(err).toContain('diverged')
  })

  it.each([
    [['signs'], 'no claim is called signs'],
    [['sign', '--scale', 'large'], "'large' is invalid"],
    [['sign', '--seeds', '0'], 'whole number of at least 1'],
    [['sign', '--model', join(root, 'nowhere')], 'nowhere'],
  ])('refuses %j', async (argv, message) => {
    const { code, err, out } = await reproduce([...argv, '--out', fresh()])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(message)
  })
})
