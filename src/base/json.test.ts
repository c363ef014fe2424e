import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deepestJson, endOfString, parseJson } from './json.js'

const nested = (levels: number, [open, close]: [string, string]) => open.repeat(levels) + close.repeat(levels)
const lists: [string, string] = ['[', ']']

describe('parseJson', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('refuses nesting beyond the limit, however deep and of whatever kind', () => {
    expect(parseJson(nested(deepestJson, lists))).toEqual(JSON.parse(nested(deepestJson, lists)))
    for (const levels of [deepestJson + 1, 10_000, 1_000_000]) {
      expect(() => parseJson(nested(levels, lists))).toThrow(/more than 256 levels/)
    }
    const objects = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`
    expect(() => parseJson(objects)).toThrow(SyntaxError)
    expect(() => parseJson(`{"wide": [${'[],'.repeat(100_000)}${nested(10_000, lists)}]}`)).toThrow(SyntaxError)
  })
})

describe('endOfString', () => {
  it('finds the quote that JSON.stringify has put at the end, whatever follows', () => {
    const text = fc.string({ unit: fc.constantFrom('"', '\\', 'a', '\n') })
    fc.assert(
      fc.property(text, text, (first, second) => {
        const quoted = JSON.stringify(first)
        expect(endOfString(quoted + JSON.stringify(second), 0)).toBe(quoted.length - 1)
      }),
    )
  })

  it('has no trouble with a string of 12 MB', () => {
    const quoted = JSON.stringify('\\"'.repeat(3e6))
    expect(endOfString(quoted, 0)).toBe(quoted.length - 1)
  })
})
