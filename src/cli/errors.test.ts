import { describe, expect, it } from 'vitest'
import { UserError } from '../base/errors.js'
import { reportError } from './errors.js'

function reported(error: unknown): { code: number; text: string } {
  let text = ''
  const code = reportError(error, [], (part) => {
    text += part
  })
  return { code, text }
}

describe('an error of the system', () => {
  it.each([
    ['its code', Object.assign(new Error('EMFILE: too many open files, open x'), { code: 'EMFILE' })],
    ['a thread that passed on its words', new Error('EMFILE: too many open files, open x')],
    ['a cause', new Error('opening failed', { cause: Object.assign(new Error('EMFILE'), { code: 'EMFILE' }) })],
  ])('is known by %s', (_, error) => {
    const { code, text } = reported(error)
    expect(code).toBe(1)
    expect(text).toBe(
      `error: too many files are open (${error.message})\nhint: raise the limit on open files (ulimit -n)\n`,
    )
  })

  it('is also known by the words of V8 for no memory', () => {
    expect(reported(new RangeError('Array buffer allocation failed')).text).toContain('the system has no memory left')
  })

  it('that nothing is known of stays unexpected', () => {
    expect(reported(new Error('EFOO: what')).text).toContain('hint: unexpected')
    expect(reported(Object.assign(new Error('x'), { code: 'toString' })).text).toContain('hint: unexpected')
  })
})

describe('a message', () => {
  it('is cut where a line quotes more than anybody reads', () => {
    const { code, text } = reported(new UserError(`first\n${'x'.repeat(100_000)}`, { hint: 'y'.repeat(100_000) }))
    expect(code).toBe(2)
    expect(text).toMatch(/^error: first\nx{997}\.\.\.\nhint: y{997}\.\.\.\n$/)
    expect(reported(new Error('z'.repeat(100_000))).text.length).toBeLessThan(1200)
  })
})
