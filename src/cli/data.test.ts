import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fakeIo, runCommand } from '../../test/fake-io.js'
import type { FilterOptions, FilterOutcome } from '../run/filter/filter.js'
import { dataCommand } from './data.js'
import { filterCommand } from './filter.js'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'data-cli-'))
  const rows = Array.from({ length: 20 }, (_, i) => ({ question: `How many is ${i}?`, result: i }))
  writeFileSync(join(directory, 'rows.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const data = (...argv: string[]) => runCommand(dataCommand, ['data', ...argv], fakeIo())

describe('data', () => {
  it('lists what it knows by name', async () => {
    const { code, out } = await data('list')
    expect(code).toBe(0)
    for (const name of ['dapo-math-17k', 'gsm8k', 'math500', 'aime24', 'aime25', 'amc23', 'dapo500']) {
      expect(out).toContain(name)
    }
    const lines = (await data('list', '--json')).out.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line)).find(({ name }) => name === 'gsm8k')).toMatchObject({
      repository: 'openai/gsm8k',
      config: 'main',
    })
  })

  it('prepares a file with a column mapping, and says in JSON what it wrote', async () => {
    const out = join(directory, 'out')
    const rows = join(directory, 'rows.jsonl')
    const command = ['prepare', rows, '--answer', 'result', '--hold-out', '4', '--against', 'none', '--out', out]
    const { code, out: stdout, err } = await data(...command, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')))
    expect(err).toContain('20 distinct problems of 20 rows; holding out 4')
    const again = await data(...command)
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('is not empty')])
  })

  it('tells people what was prepared', async () => {
    const bench = join(directory, 'bench.jsonl')
    writeFileSync(bench, JSON.stringify({ problem: 'how many is $3$?', answer: 3 }))
    const out = join(directory, 'told')
    const rows = join(directory, 'rows.jsonl')
    const argv = [
      'prepare',
      rows,
      '--answer',
      'result',
      '--hold-out',
      '0',
      '--against',
      bench,
      '--drop-overlaps',
      '-o',
      out,
    ]
    const { code, out: stdout } = await data(...argv)
    expect(code).toBe(0)
    expect(stdout).toContain('20 rows, 20 distinct problems')
    expect(stdout).toContain('19 to train on')
    expect(stdout).toContain('of 1 problems 1 stand in training')
    expect(stdout).toContain('1 training problems dropped')
    expect(stdout).toContain(out)
  })

  it.each([
    [['prepare', 'nothing', '--out', 'x'], /no data called 'nothing'/],
    [['prepare', './none.parquet', '--out', 'x'], /no such file/],
    [['prepare', 'rows.jsonl', '--out', 'x', '--against', 'none,aime24'], /'none' beside other names/],
    [['prepare', 'rows.jsonl'], /--out/],
    [['prepare', 'rows.jsonl', '--out', 'x', '--hold-out', '-1'], /of at least 0/],
  ])('refuses %j', async (argv, message) => {
    const { code, err } = await data(...argv)
    expect([code, existsSync('x')]).toEqual([2, false])
    expect(err).toMatch(message)
  })
})

describe('filter', () => {
  const outcome: FilterOutcome = {
    format: 1,
    isentrope: '0',
    source: { name: 'x' },
    settings: {},
    keep: '(0, 1)',
    counts: { problems: 4, measured: 4, kept: 2, unsolved: 1, solved: 1, tooHard: 1, tooEasy: 1 },
    passRateMean: 0.5,
    histogram: [1, 2, 1],
    tokens: 1234,
    truncatedFraction: 0.25,
    files: { train: 'kept.parquet', rates: 'rates.parquet' },
    directory: 'out',
    interrupted: false,
  }
  const seen: FilterOptions[] = []
  const work =
    (given: Partial<typeof outcome> = {}) =>
    async (options: FilterOptions) => {
      seen.push(options)
      const engine = { device: 'cpu', dtype: 'float32', threads: 2 } as const
      options.onPlan?.({ problems: 4, measured: 1, samples: 2, completions: 6, maxNewTokens: 10, tokens: 60, engine })
      options.onProgress?.({
        problems: 2,
        problemsTotal: 4,
        kept: 1,
        tokens: 50,
        seconds: 5,
        expectedTokens: 50,
        secondsLeft: 5,
      })
      return { ...outcome, ...given }
    }
  const filter = (argv: string[], given?: Partial<typeof outcome>) =>
    runCommand(
      (io) => filterCommand(io, work(given)),
      ['filter', '-m', 'M', '-d', 'gsm8k', '-o', 'out', ...argv],
      fakeIo(),
    )

  it("takes the paper's range and 16 samples, and the task's keys as JSON where they are", async () => {
    await filter(['--set', 'maxSteps=2', '--set', 'instruction=Be brief.', '--set', 'requireStop=false'])
    expect(seen.at(-1)).toMatchObject({
      samples: 16,
      keep: '(1/16, 15/16)',
      data: { name: 'gsm8k', maxSteps: 2, instruction: 'Be brief.', requireStop: false },
    })
  })

  it('tells the cost first, then where it stands, then the outcome', async () => {
    const { code, out, err } = await filter([])
    expect(code).toBe(0)
    expect(out).toContain('6 completions (2 a problem) of at most 10 tokens: up to 60 tokens')
    expect(out).toContain('4 problems, 1 of them measured already')
    expect(err).toContain('2/4 problems, 1 kept, 10 tokens/s, about 50 tokens and 5s left')
    expect(out).toContain('kept       2 of 4 problems with a pass rate in (0, 1); 1 too hard (1 never solved)')
    expect(out).toContain('  1/2      2 ########################################')
  })

  it('keeps stdout to one line of JSON', async () => {
    const { interrupted: _, ...result } = outcome
    expect(JSON.parse((await filter(['--json'])).out)).toEqual(result)
    expect(JSON.parse((await filter(['--json', '--dry-run'])).out)).toMatchObject({ plan: { tokens: 60 } })
  })

  it('says how to go on after an interruption', async () => {
    const { code, err } = await filter([], { interrupted: true })
    expect([code, err]).toEqual([130, expect.stringContaining('the same command goes on')])
  })

  it.each([[['--set', 'x']], [['--set', 'name=y']], [['--samples', '0']]])('refuses %j', async (argv) => {
    expect((await filter(argv)).code).toBe(2)
  })
})
