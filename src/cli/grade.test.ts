import { describe, expect, it } from 'vitest'
import { fakeIo, fakeTerminal, runCommand } from '../../test/fake-io.js'
import { gradeCommand } from './grade.js'

const line = (response: string, answer: string) => JSON.stringify({ response, answer })
const gradeLines = (input: string, ...argv: string[]) =>
  runCommand((io) => gradeCommand(io), ['grade', ...argv], fakeIo(input))

describe('grade', () => {
  it('prints a verdict per line, in order, and nothing else', async () => {
    const input = [line('\\boxed{0.5}', '1/2'), line('no idea', '3'), line('Answer: 4', '5')].join('\n')
    const { code, out, err } = await gradeLines(input, '--json')
    expect(code).toBe(0)
    expect(err).toBe('')
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((each) => JSON.parse(each)),
    ).toEqual([
      { correct: true, extracted: '0.5', reason: 'equivalent' },
      { correct: false, extracted: null, reason: 'no answer found' },
      { correct: false, extracted: '4', reason: 'different' },
    ])
  })

  it.each([
    ['exact', '\\boxed{1/2}', true],
    ['exact', '\\boxed{0.5}', false],
    ['math', '\\boxed{0.5}', true],
    ['dapo', '\\boxed{1/2}', false],
    ['dapo', 'Answer: $1/2$', true],
  ])('applies --rule %s to %s', async (rule, response, correct) => {
    const { out } = await gradeLines(line(response, '1/2'), '--json', '--rule', rule)
    expect(JSON.parse(out).correct).toBe(correct)
  })

  it('takes a number as the reference', async () => {
    const { out } = await gradeLines('{"response":"\\\\boxed{27}","answer":27.0}', '--json')
    expect(JSON.parse(out).correct).toBe(true)
  })

  it('prints the wrong ones and the share for people', async () => {
    const { out } = await gradeLines(`${line('\\boxed{3}', '3')}\n${line('\\boxed{4}', '3')}\n`)
    expect(out).toBe('2: wrong, 4 is not 3 (different)\n1 of 2 correct (50.0 %)\n')
  })

  it.each([
    ['broken JSON', `${line('a', 'b')}\n{"response":`, 'stdin:2: not valid JSON'],
    ['a missing field', '{"response":"3"}', 'stdin:1: "answer" is missing'],
    ['a list as the answer', '{"response":"3","answer":[3]}', 'stdin:1: "answer" must be text (got'],
    ['a number as the response', '{"response":3,"answer":"3"}', 'stdin:1: "response" must be text (got 3)'],
    ['a list', '[]', 'stdin:1: must be a JSON object'],
    ['nothing', '', 'stdin: no input'],
  ])('refuses %s', async (_, input, message) => {
    const { code, err } = await gradeLines(input, '--json')
    expect(err).toContain(message)
    expect(code).toBe(2)
  })

  it('prints nothing that steers a terminal', async () => {
    const hostile = '\\boxed{\u001b[2J\u001b]0;owned\u0007\u009b31m4\u202e2}'
    const { out } = await gradeLines(`${line(hostile, '\u001b[1m5')}\n`)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be printed.
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(out).toContain('is not 5')
    const { out: json } = await gradeLines(line(hostile, '5'), '--json')
    expect(JSON.parse(json).extracted).toBe('\u001b[2J\u001b]0;owned\u0007\u009b31m4\u202e2')
  })

  it('quotes broken input without what steers a terminal', async () => {
    const { code, err } = await gradeLines('{"response": \u001b[2J')
    expect(code).toBe(2)
    expect(err).toContain('stdin:1: not valid JSON')
    expect(err).not.toContain('\u001b[2J')
  })

  it.each([
    ['an answer of 10,000 lists', `{"response": "3", "answer": ${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['a field of 10,000 objects', `{"response": "3", "answer": ${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`],
  ])('refuses %s', async (_, input) => {
    const { code, err } = await gradeLines(input, '--json')
    expect(err).toMatch(/stdin:1: (?:"answer" must be text|not valid JSON)/)
    expect(code).toBe(2)
  })

  it.each([
    '{',
    '(',
    '[',
    '\\frac{',
    '\\sqrt{',
    '\\text{',
    '\\left(',
    '-',
    '|',
    '\\begin{pmatrix}',
    '<answer>',
    '\\boxed{',
  ])('has a verdict on 10,000 times %s', async (open) => {
    const nested = `${open.repeat(10_000)}1${open.endsWith('{') ? '}'.repeat(10_000) : ''}`
    const input = [line(nested, '2'), line(`\\boxed{${nested}}`, '2'), line('\\boxed{2}', nested)].join('\n')
    for (const rule of ['math', 'dapo', 'exact']) {
      const { code, out } = await gradeLines(input, '--json', '--rule', rule)
      expect(code).toBe(0)
      expect(
        out
          .trimEnd()
          .split('\n')
          .map((each) => JSON.parse(each).correct),
      ).toEqual([false, false, false])
    }
  })

  it('refuses a rule that there is not', async () => {
    const { code, err } = await gradeLines(line('3', '3'), '--rule', 'loose')
    expect(err).toContain('Allowed choices are exact, dapo, math')
    expect(code).toBe(2)
  })

  it('does not wait for a person to type JSON', async () => {
    const { code, err } = await runCommand((io) => gradeCommand(io), ['grade'], fakeTerminal())
    expect(code).toBe(2)
    expect(err).toContain('hint: pipe JSON lines in')
  })
})
