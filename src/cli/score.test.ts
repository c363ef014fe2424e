import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { fakeIo, fakeTerminal, runCommand } from '../../test/fake-io.js'
import { parsePage } from '../../test/html.js'
import type { score as Score, ScoreInput, ScoreLine, ScoreOptions } from '../rollout/score.js'
import { scoreCommand } from './score.js'

/** A model for which every token has probability 1/e. */
function fakeScore(seen: { inputs: ScoreInput[]; options?: ScoreOptions; model?: string }): typeof Score {
  return async function* (model, inputs, options) {
    Object.assign(seen, { model, options })
    for await (const input of inputs) {
      seen.inputs.push(input)
      const tokens = 'tokens' in input ? input.tokens : [1, 2]
      const list = (value: number) => tokens.map((_, i) => (i === 0 ? null : value))
      const line: ScoreLine = {
        tokens,
        logprobs: list(-1),
        entropy: list(2),
        sumP2: list(0),
        sumP2LogP: list(0),
        S: list(0),
        expectedS: list(0),
      }
      yield line
    }
  }
}

const score = (input: string | Readable, ...argv: string[]) => {
  const seen = { inputs: [] as ScoreInput[] } as Parameters<typeof fakeScore>[0]
  const io = fakeIo(input)
  const done = runCommand((streams) => scoreCommand(streams, fakeScore(seen)), ['score', '-m', 'm', ...argv], io)
  return done.then((result) => ({ ...result, seen }))
}

describe('score', () => {
  it('prints a JSON line per input, in order', async () => {
    const input = '{"tokens":[5,6]}\r\n\n{"prompt":"2 + 2 =","completion":" 4"}\n{"tokens":[7]}'
    const { code, out, seen } = await score(input, '--json', '--temperature', '0.5', '--chat', '--threads', '3')
    expect(code).toBe(0)
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map((line) => line.tokens)).toEqual([[5, 6], [1, 2], [7]])
    expect(lines[0].logprobs).toEqual([null, -1])
    expect(Object.keys(lines[0])).toEqual(['tokens', 'logprobs', 'entropy', 'sumP2', 'sumP2LogP', 'S', 'expectedS'])
    expect(seen).toMatchObject({
      model: 'm',
      inputs: [{ tokens: [5, 6] }, { prompt: '2 + 2 =', completion: ' 4' }, { tokens: [7] }],
      options: { temperature: 0.5, chat: true, device: 'cpu', dtype: undefined, threads: 3 },
    })
  })

  it('prints totals for people', async () => {
    const { out } = await score('{"tokens":[5,6,7]}\n{"tokens":[1]}\n')
    // Two predicted tokens of log p = -1: sum -2, perplexity e.
    expect(out).toBe(
      '1: 3 tokens, log p -2.0000 (mean -1.0000), perplexity 2.718, mean entropy 2.0000 nats\n' +
        '2: 1 token, nothing to predict\n',
    )
  })

  it.each([
    ['broken JSON', '{"tokens":[1]}\n{"tokens":[1', 'stdin:2: not valid JSON'],
    ['no object', '[1,2]', 'stdin:1: must be a JSON object (got [1,2])'],
    ['null', 'null', 'stdin:1: must be a JSON object (got null)'],
    ['no known field', '{"text":"a"}', 'stdin:1: needs "tokens", or "prompt" and "completion"'],
    ['half a pair', '{"prompt":"a"}', 'stdin:1: "completion" is missing'],
    ['both kinds', '{"prompt":"a","completion":"b","tokens":[1]}', 'stdin:1: give either'],
    ['text as tokens', '{"tokens":"1 2"}', 'stdin:1: "tokens" must be a list of token ids (got "1 2")'],
    ['a fraction', '{"tokens":[1,2.5]}', 'entry 1 is 2.5'],
    ['a negative id', '{"tokens":[-1]}', 'entry 0 is -1'],
    ['no tokens', '{"tokens":[]}', 'stdin:1: "tokens" is empty'],
    ['a number as prompt', '{"prompt":3,"completion":"b"}', 'stdin:1: "prompt" must be text (got 3)'],
    ['nothing at all', '', 'stdin: no input'],
    ['blank lines', '\n \n', 'stdin: no input'],
  ])('refuses %s', async (_, input, message) => {
    const { code, err } = await score(input, '--json')
    expect(err).toContain(message)
    expect(code).toBe(2)
  })

  it('reads a line that arrives in pieces, and a byte order mark', async () => {
    const { code, out } = await score(Readable.from(['\uFEFF{"tok', 'ens":[', '3]}']), '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out).tokens).toEqual([3])
  })

  it('does not wait for a person to type JSON', async () => {
    const { code, err } = await runCommand(
      (io) => scoreCommand(io, fakeScore({ inputs: [] })),
      ['score', '-m', 'm'],
      fakeTerminal(),
    )
    expect(code).toBe(2)
    expect(err).toContain('hint: pipe JSON lines in')
  })

  it.each([
    [['--temperature', '0'], 'above 0'],
    [['--temperature', 'warm'], 'above 0'],
    [['--temperature', ''], 'above 0'],
    [['--threads', '1.5'], 'whole number of at least 1'],
    [['--device', 'gpu'], 'cpu, cuda, cuda:N, or mps'],
    [['--dtype', 'int8'], 'float64, float32, bfloat16, float16'],
    [['extra'], 'too many arguments'],
  ])('refuses %s', async (argv, message) => {
    const { code, err } = await score('{"tokens":[1]}', ...argv)
    expect(err).toContain(message)
    expect(err).toContain('hint: isentrope score --help')
    expect(code).toBe(2)
  })
})

describe('token by token', () => {
  const decode = async () => (id: number) => `<${id}>`
  const run = (io: ReturnType<typeof fakeIo>, ...argv: string[]) =>
    runCommand((streams) => scoreCommand(streams, fakeScore({ inputs: [] }), decode), ['score', '-m', 'm', ...argv], io)

  it('is a table where stdout is a terminal, and not in JSON or a pipe', async () => {
    const terminal = () => {
      const io = fakeIo('{"tokens":[5,6]}')
      io.stdout.isTTY = true
      return io
    }
    const { out } = await run(terminal())
    const lines = stripVTControlCharacters(out).split('\n')
    expect(lines[1]).toMatch(/^token +id +p +log p +H +S\* +Sc$/)
    expect(lines[4]).toMatch(/^"<6>" +6 +0\.368 +−1 +2 +0 +0$/)
    expect((await run(terminal(), '--json')).out).not.toContain('Sc')
    expect((await run(fakeIo('{"tokens":[5,6]}'))).out).not.toContain('Sc')
  })

  it('is a page with --html, as many texts as fit', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'score-'))
    const file = join(directory, 'tokens.html')
    const { code, err } = await run(fakeIo('{"tokens":[5,6]}\n'.repeat(203)), '--html', file, '--json')
    expect(code).toBe(0)
    expect(err).toContain(file)
    const { elements, errors } = parsePage(readFileSync(file, 'utf8'))
    expect(errors).toEqual([])
    expect(elements.filter(({ name }) => name === 'article')).toHaveLength(200)
    expect(elements.some(({ text }) => text === 'and 3 more, which --json prints')).toBe(true)
    rmSync(directory, { recursive: true })
  })
})
