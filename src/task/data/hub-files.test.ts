import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesGlob } from './hub-files.js'

describe('matchesGlob', () => {
  it.each([
    ['data/train-00000-of-00001.parquet', 'data/train-*', true],
    ['data/train/0.parquet', 'data/*', false],
    ['data/train/0.parquet', 'data/**', true],
    ['data/train/0.parquet', '**/0.parquet', true],
    ['0.parquet', '**/0.parquet', true],
    ['a.csv', '?.csv', true],
    ['/.csv', '?.csv', false],
    ['a.csv', 'a.csv.', false],
    ['a+b.csv', 'a+b.csv', true],
  ])('%s with %s: %s', (path, glob, expected) => {
    expect(matchesGlob(path, glob)).toBe(expected)
  })

  it('is what the regular expression of the glob matches', () => {
    const expression = (glob: string) =>
      new RegExp(
        `^${glob.replace(/\*\*\/?|[*?.]/g, (part) => ({ '**': '.*', '**/': '.*', '*': '[^/]*', '?': '[^/]' })[part] ?? '\\.')}$`,
      )
    const letters = (...extra: string[]) =>
      fc.array(fc.constantFrom('a', 'b', '/', '.', ...extra), { maxLength: 8 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(letters(), letters('*', '?', '**', '**/'), (path, glob) => {
        expect(matchesGlob(path, glob)).toBe(expression(glob).test(path))
      }),
      { numRuns: 2000 },
    )
  })

  it('takes no longer than path x glob', () => {
    // As a regular expression this backtracks for years.
    expect(matchesGlob('a'.repeat(2000), `${'*a'.repeat(200)}b`)).toBe(false)
  })
})
