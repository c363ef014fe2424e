import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { translatePattern } from './oniguruma.js'
import { normalizationForms, toNormalizationForm } from './unicode.js'

// test/golden/make_unicode.py writes it: what the tokenizers library says of every code point.
const golden = JSON.parse(readFileSync('test/fixtures/unicode.json', 'utf8')) as {
  sets: Record<string, string>
  forms: Record<string, string>
  marks: Record<string, string>
  lowercase: string
}
const characters: string[] = []
for (let code = 0; code < 0x110000; code++) {
  if (code < 0xd800 || code >= 0xe000) characters.push(String.fromCodePoint(code))
}
const all = characters.join('')
const digest = (text: string) => createHash('sha256').update(text).digest('hex')

describe('every code point', () => {
  it.each(Object.entries(golden.sets))('is in %s as in Oniguruma', (pattern, expected) => {
    const codes: string[] = []
    for (const [run] of all.matchAll(translatePattern(`(?:${pattern})+`))) {
      for (const character of run) codes.push(character.codePointAt(0)!.toString(16))
    }
    expect(digest(codes.join(' '))).toBe(expected)
  })

  it.each(normalizationForms)('has the library’s %s, alone and between marks', (form) => {
    expect(digest(characters.map((each) => toNormalizationForm(each, form)).join('\0'))).toBe(golden.forms[form])
    const between = (each: string) =>
      toNormalizationForm(`x${each}\u0334`, form) + toNormalizationForm(`x\u0345${each}`, form)
    expect(digest(characters.map(between).join('\0'))).toBe(golden.marks[form])
  })

  it('has the library’s lower case', () => {
    expect(digest(characters.map((each) => each.toLowerCase()).join('\0'))).toBe(golden.lowercase)
  })
})
