import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fakeIo, runCommand } from '../../test/fake-io.js'
import { evalPaths } from '../run/evaluate/directory.js'
import type { EvalProgress } from '../run/evaluate/progress.js'
import type { EvalOptions, EvalOutcome } from '../run/evaluate/session.js'
import { evalCommand } from './eval.js'
import { evalPlanText, evalProgressLine } from './eval-text.js'
import { progressLine } from './progress-line.js'

const root = mkdtempSync(join(tmpdir(), 'eval-command-'))
afterAll(() => rmSync(root, { recursive: true }))

const outcome = (changes: Partial<EvalOutcome> = {}): EvalOutcome => ({
  ...{ format: 1, isentrope: '0', models: [], data: [], results: [], differences: [], interrupted: false },
  ...changes,
})

/** Runs the command with an evaluation that only notes what it was asked for. */
async function run(argv: string[], answer: (options: EvalOptions) => EvalOutcome = () => outcome()) {
  let asked: EvalOptions | undefined
  const work = async (options: EvalOptions) => {
    asked = options
    return answer(options)
  }
  return { ...(await runCommand((io) => evalCommand(io, work), ['eval', ...argv])), asked }
}

/** An evaluation without results, written as a finished one is. */
function written({ out }: EvalOptions): EvalOutcome {
  const { interrupted: _, ...results } = outcome()
  writeFileSync(evalPaths(out!).results, JSON.stringify(results))
  return outcome({ directory: out })
}

describe('eval', () => {
  it('takes several models and data sets, and leaves open what was not said', async () => {
    const { asked } = await run(['-m', 'a,b', '--model', 'c', '-d', 'aime24, aime25', '--seed', '3'], ({ out }) =>
      outcome({ interrupted: true, directory: out }),
    )
    expect(asked).toMatchObject({ models: ['a', 'b', 'c'], data: ['aime24', 'aime25'], seed: 3, chat: true })
    for (const key of ['samples', 'temperature', 'maxNewTokens', 'rule'] as const) expect(asked![key]).toBeUndefined()
    expect(asked!.out).toMatch(/^evals\/a-\d{8}-\d{6}$/)
  })

  it('prints the results as one line of JSON, all else to stderr', async () => {
    const { code, out, err } = await run(['-m', 'a', '-d', 'b', '--out', root, '--json'], written)
    expect(code).toBe(0)
    expect(out.trimEnd().split('\n').length).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ format: 1, directory: root, report: join(root, 'report.html') })
    expect(err).toContain('results.json')
    expect(readFileSync(join(root, 'report.html'), 'utf8')).toContain('<!doctype html>')
  })

  it('says how to go on where it was interrupted', async () => {
    const { code, err } = await run(['-m', 'a', '-d', 'b', '--out', 'o'], () =>
      outcome({ interrupted: true, directory: 'o' }),
    )
    expect(code).toBe(130)
    expect(err).toContain('--out o --resume')
  })

  it('stops after the plan of a dry run, which writes nothing', async () => {
    const engine = { device: 'cpu', dtype: 'float32', threads: 2 } as const
    const plan = { models: [], data: [], completions: 2, tokens: 8, completionsDone: 0, engine }
    const { code, asked, out } = await run(['-m', 'a', '-d', 'b', '--dry-run', '--json'], (options) => {
      options.onPlan?.(plan)
      return outcome()
    })
    expect(code).toBe(0)
    expect(asked).toMatchObject({ dryRun: true, out: undefined })
    expect(JSON.parse(out)).toEqual({ plan })
  })

  it.each([
    ['no model', ['-d', 'b'], '--model'],
    ['no data', ['-m', 'a'], '--data'],
    ['a fraction of a sample', ['-m', 'a', '-d', 'b', '--samples', '1.5'], 'a whole number'],
    ['a rule that there is not', ['-m', 'a', '-d', 'b', '--rule', 'loose'], 'exact, dapo, math'],
    ['a negative temperature', ['-m', 'a', '-d', 'b', '--temperature', '-1'], 'above 0'],
  ])('refuses %s', async (_, argv, message) => {
    const { code, err } = await run(argv)
    expect(code).toBe(2)
    expect(err).toContain(message)
  })
})

describe('what eval says while it runs', () => {
  it('tells the cost, and which checkpoint was taken', () => {
    const model = { name: 'run step 20', given: 'runs/run', reference: 'x', fingerprint: 'f' }
    const text = evalPlanText(
      {
        models: [{ ...model, checkpoint: { step: 20, chosen: 'the best by avg_at_k (0.5)' } }],
        data: [
          {
            name: 'aime24',
            problems: 30,
            samples: 32,
            completions: 960,
            maxNewTokens: 2048,
            tokens: 1_966_080,
            shortened: 1,
          },
        ],
        completions: 960,
        tokens: 1_966_080,
        completionsDone: 64,
        engine: { device: 'cpu', dtype: 'bfloat16', threads: 1, dtypeChoice: { by: 'run' } },
      },
      'out',
    )
    expect(text).toContain('runs/run, checkpoint of step 20, the best by avg_at_k (0.5)')
    expect(text).toContain('30 problems x 32 samples of at most 2,048 tokens = 960 completions, up to 2.0M tokens')
    expect(text).toContain("(less for 1 of them, as the model's positions end)")
    expect(text).toContain('; already there: 64 completions')
    expect(text).toContain('engine     cpu, bfloat16 (auto: as the run began), 1 thread\n')
  })

  it('tells where it stands and how long it takes', () => {
    const progress: EvalProgress = {
      ...{ model: 'm', data: 'd', problems: 2, problemsTotal: 8, completions: 9, completionsTotal: 32 },
      ...{ tokensPerSecond: 1500, secondsLeft: 90 },
    }
    expect(evalProgressLine(progress)).toBe('m on d: 2/8 problems; 9/32 completions, 1.5k tokens/s, 1m 30s left')
    expect(evalProgressLine({ ...progress, secondsLeft: undefined, tokensPerSecond: undefined })).toBe(
      'm on d: 2/8 problems; 9/32 completions',
    )
  })

  it('writes over one line on a terminal, and a new one at times elsewhere', () => {
    let now = 0
    const log = fakeIo().stderr
    const line = progressLine(log, () => now)
    for (const text of ['one', 'two', 'three']) {
      now += 10_000
      line.show(text)
    }
    line.close()
    // 10 s after the beginning is too early; 20 s is not; 30 s is too early, but the last word is said.
    expect(log.text).toBe('two\nthree\n')
    const terminal = fakeIo().stderr
    terminal.isTTY = true
    const live = progressLine(terminal, () => now)
    live.show('one')
    live.close()
    expect(terminal.text).toBe('\r\x1b[2Kone\n')
  })
})
