import { describe, expect, it } from 'vitest'
import { createBrailleCanvas } from './braille.js'

const bare = (text: string) => text

describe('createBrailleCanvas', () => {
  it('sets the dots of a line', () => {
    const canvas = createBrailleCanvas(2, 1)
    canvas.line(0, 3, 3, 0, 0)
    // Dots 7 (0x40) and 6 (0x20) in the first cell, 2 (0x02) and 4 (0x08) in the second.
    expect(canvas.rows(bare)).toEqual([String.fromCodePoint(0x2860, 0x280a)])
  })

  it('paints neighbouring cells of a series together', () => {
    const canvas = createBrailleCanvas(4, 1)
    canvas.line(0, 0, 3, 0, 0)
    canvas.line(6, 0, 7, 0, 1)
    // Dots 1 and 4 of each cell: 0x09.
    expect(canvas.rows((text, series) => `<${series}${text}>`)).toEqual(['<0\u2809\u2809> <1\u2809>'])
  })

  it('keeps the first marker of a cell, and ignores what lies outside', () => {
    const canvas = createBrailleCanvas(1, 1)
    canvas.mark(0, 0, 'a', 0)
    canvas.mark(1, 3, 'b', 1)
    canvas.line(-5, -5, -1, -1, 1)
    expect(canvas.rows((text, series) => series + text)).toEqual(['0a'])
  })
})
