import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fakeIo, runCommand } from '../../test/fake-io.js'
import { analyzeCommand } from './analyze.js'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'analyze-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const analyze = (input: string, ...argv: string[]) =>
  runCommand((streams) => analyzeCommand(streams), ['analyze', ...argv], fakeIo(input))

// p = 1/2, 1/4, 1/8, 1/8 over a vocabulary of four, all listed
const p = [1 / 2, 1 / 4, 1 / 8, 1 / 8]
const line = (ks: number[], more: object = {}) =>
  JSON.stringify({
    tokens: ks.map((k) => `t${k}`),
    logprobs: ks.map((k) => Math.log(p[k])),
    top_logprobs: ks.map(() => Object.fromEntries(p.map((value, k) => [`t${k}`, Math.log(value)]))),
    ...more,
  })
const rewarded = [line([0, 3], { reward: 1, group: 1 }), line([0, 0], { reward: 0, group: 1 })].join('\n')
const about = ['--vocab-size', '4', '--temperature', '1']

describe('analyze', () => {
  it('prints a line per completion and a summary with --json, and nothing else', async () => {
    const { code, out, err } = await analyze(rewarded, '-', ...about, '--json')
    expect(code).toBe(0)
    expect(err).toBe('')
    const lines = out
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text))
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatchObject({ where: 'stdin:1', group: '1', reward: 1 })
    const [first] = lines[0].tokens
    expect(Object.keys(first)).toEqual([
      ...['text', 'logprob', 'entropy', 'S', 'expectedS', 'centredS', 'missingMass'],
      ...['ifRewarded', 'advantage', 'effect', 'update', 'clipB', 'clipV'],
    ])
    expect(first).toMatchObject({ text: 't0', ifRewarded: 'lowers', update: 'lowers' })
    // 1/2 log 2 + 1/4 log 4 + 2/8 log 8
    expect(first.entropy[0]).toBeCloseTo(1.75 * Math.log(2), 5)
    expect(first.entropy[1]).toBeCloseTo(1.75 * Math.log(2), 5)
    expect(lines[2].summary).toMatchObject({ vocabSize: 4, temperature: 1, tokens: 4, direction: 'raises' })
  })

  it("takes Python's bare -Infinity, and leaves text that looks like it alone", async () => {
    const half = Math.log(0.5)
    const input =
      `{"prompt_token_ids": [1], "outputs": [{"token_ids": [2], "logprobs": [{"2": {"logprob": ${half}, "rank": 1, ` +
      `"decoded_token": "x: -Infinity, \\""}, "3": {"logprob": ${half}}, "0": {"logprob": -Infinity}}]}]}`
    const { code, out } = await analyze(input, '-', ...about, '--json')
    expect(code).toBe(0)
    const [{ tokens }, { summary }] = out
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text))
    expect(tokens[0].text).toBe('x: -Infinity, "')
    expect(tokens[0].entropy[0]).toBeCloseTo(Math.log(2), 5)
    expect(summary.warnings[0]).toContain('lists with impossible tokens')
  })

  it('prints tables for people, and warnings', async () => {
    const { code, out } = await analyze(rewarded, '-', ...about, '--tokens', 'all')
    expect(code).toBe(0)
    expect(out).toContain('2 completions in 1 group, 4 tokens with 4 log-probabilities each; V 4, T 1')
    expect(out).toMatch(/raises entropy +1 \(25\.0 %\) +3 \(75\.0 %\)/)
    expect(out).toMatch(/Predicted dH .*entropy rises/)
    expect(out).toMatch(/^Clip_B on S\* +0 +0 /m)
    expect(out).toMatch(/^0:1 +"t3" .*raises entropy .*0\.707 +raises entropy/m)
    expect(out).not.toContain('warning')
    const bare = await analyze('{"tokens": [1], "logprobs": [-1]}', '-', ...about)
    expect(bare.out).toContain('warning: no further log-probabilities, 1 of 1 tokens')
    expect(bare.out).not.toContain('Predicted dH')
  })

  it('lists as many tokens as asked for, those of the largest effect first', async () => {
    const { out } = await analyze(rewarded, '-', ...about, '--tokens', '1')
    expect(out).toContain('1 of 4 tokens')
    expect(out).toMatch(/^0:1 /m)
    expect((await analyze(rewarded, '-', ...about, '--tokens', '0')).out).not.toMatch(/^0:1 /m)
  })

  it('reads a file, a header in it, and writes a page', async () => {
    const file = join(directory, 'log.jsonl')
    const page = join(directory, 'page.html')
    const odd = line([0, 3], { reward: 1 }).replaceAll('t3', '<b>\\u001b[31m')
    writeFileSync(file, `{"vocab_size": 4, "temperature": 1}\n\n${odd}\n${line([0], { reward: 0, group: 1 })}\n`)
    const alone = await analyze('', file)
    expect(alone.code).toBe(2)
    expect(alone.err).toContain(`${file}:3: its reward has no other of the same group`)
    writeFileSync(
      file,
      `{"vocab_size": 4, "temperature": 1}\n\n${odd.replace('{', '{"group":1,')}\n${line([0], { reward: 0, group: 1 })}\n`,
    )
    const { code, out, err } = await analyze('', file, '--html', page)
    expect(code).toBe(0)
    expect(out).toContain('2 completions in 1 group, 3 tokens')
    expect(out).not.toContain('\u001b[31m')
    expect(err).toBe(`Wrote ${page}\n`)
    const html = readFileSync(page, 'utf8')
    expect(html).toContain('<title>Entropy of log.jsonl</title>')
    expect(html).toContain('&lt;b&gt;')
    // A unit stands with its quantity: a narrow page shows both.
    expect(html).toContain('Predicted dH <small>nats per unit step</small>')
    // As in a run's report: the likely token lowers entropy and is orange, the unlikely one raises it and is blue.
    expect(html).toMatch(/<span class="t p\d[^"]*" title="log p -0\.693/)
    expect(html).toMatch(/<span class="t n\d[^"]*" title="log p -2\.08/)
  })

  it('has the presets of the clips, and widths that replace them', async () => {
    const clipB = async (...argv: string[]) => {
      const { out } = await analyze(rewarded, '-', ...about, '--json', ...argv)
      return JSON.parse(out.trimEnd().split('\n')[2]).summary.clipB
    }
    const masked = async (...argv: string[]) => (await clipB(...argv)).masked
    // S is 0.26 three times and -0.11 once: mean 0.17, sigma 0.16, z = 0.58, 0.58, 0.58 and -1.73
    expect(await masked()).toBe(0)
    expect(await masked('--mu-low', '1')).toBe(1)
    expect(await masked('--mu-high', '0.5')).toBe(3)
    expect(await masked('--mu-high', '0.5', '--apply-to', 'negative')).toBe(2)
    // which of three equal ones a cap of one takes is not known
    expect(await clipB('--mu-high', '0.5', '--max-fraction', '0.25')).toMatchObject({ masked: 0, possible: 3 })
    expect(await masked('--mu-low', '1', '--mu-high', 'inf', '--preset', 'trinity')).toBe(0)
  })
})

describe('analyze refuses', () => {
  it.each<[string, string[], string]>([
    ['no vocabulary size', ['-', '--temperature', '1'], 'the vocabulary size is not known'],
    ['no temperature', ['-', '--vocab-size', '4'], 'temperature of the log-probabilities is not known'],
    ['a vocabulary that is too small', ['-', '--vocab-size', '3', '--temperature', '1'], '4 tokens are listed'],
    ['no file', ['/no/such/file', ...about], 'cannot read /no/such/file: no such file'],
    ['a directory', [tmpdir(), ...about], 'it is a directory'],
    ['the paper without a width', ['-', ...about, '--preset', 'paper'], '--preset paper needs --mu-low or --mu-high'],
    [
      'a page where none can be',
      ['-', ...about, '--html', '/no/such/place.html'],
      '/no/such/place.html: not writable: no such directory',
    ],
    ['a vocabulary that is no number', ['-', '--vocab-size', 'many'], 'whole number'],
    ['a negative width', ['-', ...about, '--mu-low', '-1'], 'at least 0'],
  ])('%s', async (_, argv, message) => {
    const { code, out, err } = await analyze(rewarded, ...argv)
    expect(code).toBe(2)
    expect(err).toContain(message)
    expect(out).toBe('')
    expect(existsSync('/no')).toBe(false)
  })

  it.each<[string, string]>([
    ['', 'stdin: no input'],
    ['{"tokens": []', 'stdin:1: not valid JSON'],
    ['[1]', 'stdin:1: must be a JSON object'],
    ['\n{"hello": 1}', 'stdin:2: no log of sampled tokens in it'],
    ['{"vocab_size": 4, "temperature": 1}', 'no token with a log-probability'],
    ['{"tokens": [], "logprobs": []}', 'no token with a log-probability'],
    ['{"tokens": [1, 4], "logprobs": [-1, -1]}', 'stdin:1 token 1: the id 4 lies outside a vocabulary of 4'],
    ['{"tokens": ["a"], "logprobs": [1e999]}', 'stdin:1 token 0 ("a"): a log-probability is Infinity'],
    ['{"tokens": ["a"], "logprobs": [0.5]}', 'stdin:1 token 0 ("a"): a log-probability is 0.5'],
    [
      `${line([0])}\n${line([0], { vocab_size: 5 })}`,
      'stdin:2 states a vocabulary size of 5, the command line one of 4',
    ],
  ])('the input %j', async (input, message) => {
    const { code, err } = await analyze(input, '-', ...about)
    expect(code).toBe(2)
    expect(err).toContain(message)
  })
})
