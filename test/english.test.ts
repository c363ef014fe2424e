/** What a test can keep of the project's English: American spelling, and phrases that readers stumble over. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CODE_OF_CONDUCT.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]
const commands = readdirSync('src/cli')
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => join('src/cli', name))
const recipes = ['recipes', 'quickstart', 'templates'].flatMap((directory) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:yaml|md)$/.test(name))
    .map((name) => join(directory, name)),
)

/** Public names and JSON keys keep the spelling that they have. */
const names = /centredS|`[^`\n]*`|https?:\S+/g

const british =
  /\b(?:colou?r(?<=colour)\w*|centre[ds]?|behaviour\w*|(?:optimi|normali|initiali|tokeni|organi|recogni|quanti|seriali|summari|synchroni)s(?:e[drs]?|ing|ation\w*)|learnt|licence|towards|favour\w*|neighbour\w*|labelled|modelled|analyse[ds]?|grey|cancelled|whilst|amongst)\b/gi

const phrases = [
  /\banew\b/,
  /\b(?:go|goes|went|gone|going) on with\b/,
  /\bas (?:it|they) stands?\b/,
  /\bwhatever it is\b/,
  /\bthe first so many\b/,
  /\bwhich see\b/,
  /\bplayed device\b/,
  /\bis no (?:task|run|checkpoint|directory|number)\b/,
  /\bnothing is left aside\b/,
  /\binsist on\b/,
  /\bWhat becomes of\b/,
  /\blikeliest\b/,
  /\b(?:rooms?|house) (?:of|in) (?:src|the tree)\b/,
]

const textOf = (path: string) => readFileSync(path, 'utf8').replace(/^```[\s\S]*?^```$/gm, '')
/** The words of a source file that people read: texts in quotes, without comments. */
const wordsOf = (path: string) => readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')

describe('the English of the project', () => {
  it.each([...pages, ...recipes])('%s is spelled as Americans spell, and without odd phrases', (path) => {
    const text = textOf(path)
    expect(text.replaceAll(names, '').match(british) ?? []).toEqual([])
    for (const phrase of phrases) expect(text.match(phrase)?.[0], String(phrase)).toBeUndefined()
  })

  it.each(commands)('%s speaks so too', (path) => {
    const text = wordsOf(path)
    const words = text.replaceAll(names, '').match(british) ?? []
    // Names in code are no words.
    expect(words.filter((word) => !new RegExp(`\\b(?:const|let|this\\.|\\.)\\s*${word}\\b`).test(text))).toEqual([])
    for (const phrase of phrases) expect(text.match(phrase)?.[0], String(phrase)).toBeUndefined()
  })

  it('finds what it looks for', () => {
    expect('The colour of a normalised centre, towards grey'.match(british)).toHaveLength(5)
    expect('The color of a normalized center, toward gray'.match(british)).toBeNull()
    expect(phrases.some((phrase) => phrase.test('a directory that is written, and gone on with'))).toBe(true)
  })
})
