import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../base/errors.js'
import { parseJsonObject } from './json.js'

const read = (text: string) => parseJsonObject(text, 'a.json')

describe('a JSON object from a file', () => {
  it('is what JSON.parse reads', () => {
    const key = fc.string().filter((name) => name !== '__proto__')
    const value = fc.dictionary(key, fc.jsonValue()).map((fields) => ({ ...fields }))
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2, '\t'), (object, indent) => {
        const text = JSON.stringify(object, null, indent)
        expect(read(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('has each of its keys once, whatever the keys and values look like', () => {
    const tricky = fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', ':', ' ', 'a') })
    fc.assert(
      fc.property(tricky, tricky, tricky, (key, other, value) => {
        const entry = (name: string) => `${JSON.stringify(name)} : ${JSON.stringify({ [key]: value })}`
        const text = `{${entry(key)},\n${entry(other)}}`
        if (key === other) expect(() => read(text)).toThrow(/has the key .* twice/)
        else expect(read(text)).toEqual(JSON.parse(text))
      }),
    )
    expect(() => read('{"a": 1, "b": {"a": 2}, "\\u0061": 3}')).toThrow('a.json has the key "a" twice')
  })

  it('is refused by a UserError if it nests without end', () => {
    for (const value of ['['.repeat(10_000) + ']'.repeat(10_000), `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`]) {
      expect(() => read(`{"x": ${value}}`)).toThrow(UserError)
      expect(() => read(`{"x": ${value}}`)).toThrow(/^a\.json is not valid JSON: it has more than 256 levels/)
    }
  })

  it('may have a value, and a key, of 12 MB', () => {
    const long = 'a\\n"'.repeat(4e6)
    expect(read(JSON.stringify({ [long]: 1, x: long }))).toEqual({ [long]: 1, x: long })
    expect(() => read(`{${JSON.stringify(long)}: 1, ${JSON.stringify(long)}: 2}`)).toThrow(
      /^a\.json has the key .{60} twice$/,
    )
  })
})
