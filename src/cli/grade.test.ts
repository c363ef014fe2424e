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
