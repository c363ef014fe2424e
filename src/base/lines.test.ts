import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Line, splitLines } from './lines.js'

async function lines(chunks: (string | Uint8Array)[], maxBytes?: number): Promise<Line[]> {
  const input = (async function* () {
    yield* chunks
  })()
  const found: Line[] = []
  for await (const line of splitLines(input, 'file', maxBytes === undefined ? {} : { maxBytes })) found.push(line)
  return found
}
const texts = async (...chunks: (string | Uint8Array)[]) => (await lines(chunks)).map(({ text }) => text)

describe('splitLines', () => {
  it('splits at \\n, \\r\\n, and \\r alone', async () => {
    expect(await texts('a\u2028b\u2029c\u0085d\ve\ff\ng\r\nh\ri\n\nj')).toEqual([
      'a\u2028b\u2029c\u0085d\ve\ff',
      'g',
      'h',
      'i',
      '',
      'j',
    ])
    expect(await texts()).toEqual([])
    expect(await texts('\n')).toEqual([''])
    expect(await texts('\ufeffa\n\ufeffb')).toEqual(['a', '\ufeffb'])
    expect((await lines(['a\nb'])).map(({ number }) => number)).toEqual([1, 2])
  })

  it('gives the same whatever the chunks', async () => {
    const text = fc.array(fc.constantFrom('a', 'é', '😀', '\n', '\r', '\u2028'), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(30), { maxLength: 5 }), async (parts, cuts) => {
        const bytes = Buffer.from(parts.join(''))
        const ends = [...new Set(cuts.filter((cut) => cut < bytes.length)), bytes.length].sort((a, b) => a - b)
        const chunks = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
        const expected = parts.join('').split(/\r\n|\n|\r/)
        if (expected.at(-1) === '') expected.pop()
        expect(await texts(...chunks)).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  it('names the line whose bytes are not UTF-8', async () => {
    await expect(texts('a\n', Buffer.from('caf\xe9\n', 'latin1'))).rejects.toThrow('file:2: not UTF-8 text')
  })

  it('passes over a line that is too long without holding it', async () => {
    const found = await lines(['abc', 'defg', 'h\nij\n', 'klmno'], 4)
    expect(found.map(({ text, tooLong }) => (tooLong ? undefined : text))).toEqual([undefined, 'ij', undefined])
    expect(found.map(({ number }) => number)).toEqual([1, 2, 3])
  })
})
