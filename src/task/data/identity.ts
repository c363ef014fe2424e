/**
 * When two problems are the same. Texts are normalised, so that layout, LaTeX spelling and a data set's own instructions
 * around the problem make no difference; the SHA-256 of what is left is the problem's key. Near duplicates share most of
 * their n-grams of words.
 */
import { createHash } from 'node:crypto'
import type { ChatMessage } from '../../model/types.js'

/** What data sets write around every problem. The text between both parts is the problem. */
const wrappers: readonly { before: string; after: string }[] = [
  {
    // DAPO-Math-17k, in its original form.
    before:
      'Solve the following math problem step by step. The last line of your response should be of the form Answer: ' +
      '$Answer (without quotes) where $Answer is the answer to the problem.',
    after: 'Remember to put your answer on its own line after "Answer:".',
  },
]

/** The problem without the instructions that a known data set puts around it. */
export function withoutWrapper(text: string): string {
  const trimmed = text.trim()
  const found = wrappers.find(({ before, after }) => trimmed.startsWith(before) && trimmed.endsWith(after))
  return found === undefined ? text : trimmed.slice(found.before.length, -found.after.length).trim()
}

/** The problem's text: of a chat, what its user says. */
export function problemText(prompt: string | readonly ChatMessage[]): string {
  if (typeof prompt === 'string') return prompt
  return prompt
    .filter(({ role }) => role === 'user')
    .map(({ content }) => content)
    .join('\n\n')
}

// Layout that does not change what a formula says: sizes and styles, spaces of any width, delimiters of formulas.
const layout = new RegExp(
  [
    String.raw`\\(?:left|right|middle|bigg?[lrm]?|displaystyle|textstyle|scriptstyle|scriptscriptstyle|limits|nolimits)(?![a-z])`,
    String.raw`\\(?:q?quad|enspace|enskip|thinspace|medspace|thickspace|neg(?:thin|med|thick)space|nobreakspace|space)(?![a-z])`,
    String.raw`\\(?:[hv]space\*?|mspace|hskip|kern|mkern)\s*(?:\{[^{}]*\}|-?[\d.]+\s*[a-z]{2}(?![a-z]))`,
    String.raw`\\(?:smallskip|medskip|bigskip|noindent|par|newline|linebreak|hfill|allowbreak|nobreak)(?![a-z])`,
    String.raw`\\[,;:!> ]|\\[()[\]]|\$|~`,
  ].join('|'),
  'gi',
)

/** Characters that take no room: zero-width spaces and joiners, soft hyphens, marks of the writing direction. */
const invisible = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g

/** What both ways of comparing begin with; layout becomes `room`. */
const plain = (text: string, room: string): string =>
  withoutWrapper(text)
    .normalize('NFKC')
    .replace(invisible, '')
    .toLowerCase()
    .replace(/\\[dtc]frac/g, '\\frac')
    .replace(layout, room)

/**
 * The text under which problems are compared: Unicode NFKC, lower case, `\dfrac`, `\tfrac`, and `\cfrac` as `\frac`. Dollar
 * signs and other delimiters of formulas, `\left`, `\bigl` and their like, spacing commands, characters without width, and
 * all white space are removed.
 */
export function normalise(text: string): string {
  return plain(text, '').replace(/\s+/g, '')
}

/** SHA-256 of the normalised text, hexadecimal. */
export const problemKey = (text: string): string => createHash('sha256').update(normalise(text)).digest('hex')

/** Words for n-grams: runs of letters and digits, Han characters one by one; layout as in {@link normalise}. */
export function words(text: string): string[] {
  return plain(text, ' ').match(/\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{N}])+/gu) ?? []
}

/** n-grams compared: the size that GPT-3's authors used against contamination (arXiv 2005.14165, appendix C). */
export const nGramSize = 13

/** The distinct n-grams; of a shorter text, the whole of it. */
export function nGrams(text: string, n = nGramSize): Set<string> {
  const all = words(text)
  if (all.length === 0) return new Set()
  const grams = new Set<string>()
  for (let i = 0; i === 0 || i + n <= all.length; i++) grams.add(all.slice(i, i + n).join(' '))
  return grams
}

/** Below so many words one changed word can break half of the n-grams: such texts are compared by {@link shortForm} too. */
export const shortText = 3 * nGramSize

/** A short text for comparison: what it calculates with, and its words. */
export interface ShortForm {
  /** Numbers and signs of operations in their order; texts that differ here are different problems. */
  formula: string
  /** The words that are no numbers, distinct. */
  words: Set<string>
}

/** Undefined for a text that is not short, or has no words. */
export function shortForm(text: string): ShortForm | undefined {
  const all = words(text)
  if (all.length === 0 || all.length >= shortText) return undefined
  const formula = plain(text, ' ').match(/\d+(?:\.\d+)?|[-+*/^=<>|!%_±×÷·−≤≥≠√]|\\[a-z]+/g) ?? []
  return { formula: formula.join(' '), words: new Set(all.filter((word) => !/^\d+$/.test(word))) }
}

/** Share of the words of two texts that both have, 0 to 1 (Jaccard). */
export function commonWords(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0
  for (const word of a) if (b.has(word)) common++
  const all = a.size + b.size - common
  return all === 0 ? 1 : common / all
}
