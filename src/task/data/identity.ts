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

// Layout that does not change what a formula says.
const layout =
  /\\(?:left|right|displaystyle|textstyle|limits|quad|qquad|big|Big|bigg|Bigg)(?![a-z])|\\[,;:!> ]|\\[()[\]]|\$|~/gi

/**
 * The text under which problems are compared: Unicode NFKC, lower case, `\dfrac` and `\tfrac` as `\frac`, dollar signs
 * and other mathematics delimiters, `\left`, `\right`, spacing commands and all white space removed.
 */
export function normalise(text: string): string {
  return withoutWrapper(text)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\\[dt]frac/g, '\\frac')
    .replace(layout, '')
    .replace(/\s+/g, '')
}

/** SHA-256 of the normalised text, hexadecimal. */
export const problemKey = (text: string): string => createHash('sha256').update(normalise(text)).digest('hex')

/** Words for n-grams: runs of letters and digits, Han characters one by one; layout as in {@link normalise}. */
export function words(text: string): string[] {
  const plain = withoutWrapper(text)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\\[dt]frac/g, '\\frac')
    .replace(layout, ' ')
  return plain.match(/\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{N}])+/gu) ?? []
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
