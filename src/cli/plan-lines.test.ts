import { describe, expect, it } from 'vitest'
import { planLines } from './plan-lines.js'

describe('planLines', () => {
  const text = 'about 7.93 GiB of 17.5 GiB free'

  it('hangs what does not fit below the text', () => {
    // 31 columns: 11 of the name, 20 of the text
    expect(planLines([['memory', text]], 31)).toBe('memory     about 7.93 GiB of\n           17.5 GiB free\n')
  })

  it('keeps a line whole where there is no terminal, and in one that is far too narrow 20 columns of text', () => {
    expect(planLines([['memory', text]])).toBe(`memory     ${text}\n`)
    expect(planLines([['memory', text]], 4)).toBe(planLines([['memory', text]], 31))
  })

  it('goes on under a row without a name', () => {
    const rows = [
      ['memory', 'about 1 GiB'],
      ['', 'more fits'],
    ] as const
    expect(planLines(rows, 80)).toBe('memory     about 1 GiB\n           more fits\n')
  })
})
