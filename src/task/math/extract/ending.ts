/** The answer of a response without a box and without a marker: what its last sentence says. */
import { type Masked, mask, masked } from './formulas.js'
import { isFarewell, withoutEmphasis } from './marks.js'
import { Sentence } from './sentence.js'
import type { Ending, Read } from './value.js'

/** The last sentence is looked for in so much of the end; of a longer one so much is read. */
const tailLength = 8000
const longestSentence = 2000
const mostFarewells = 6

export function plainEnding(response: string, read: Read): Ending | undefined {
  const text = withoutEmphasis(response.slice(-tailLength)).replace(/<<[^<>\n]{0,100}>>/g, '')
  const all = masked(text)
  const place = lastSentence(all, text)
  return place && new Sentence(all, text, Math.max(place.from, place.to - longestSentence), place.to, read).answer()
}

const isContent = (line: string): boolean =>
  /[^\s$\\[\]().`*_#>-]/.test(line) && !/^\s{0,20}\\(?:begin|end)\{[a-z*]{1,20}\}\s{0,20}$/.test(line)

/** From where to where the last sentence that could answer reaches in the masked text. */
function lastSentence(all: Masked, original: string): { from: number; to: number } | undefined {
  const { text } = all
  let to = text.length
  for (let dropped = 0; dropped <= mostFarewells; ) {
    while (to > 0 && /\s/.test(text.charAt(to - 1))) to--
    const line = text.lastIndexOf('\n', to - 1) + 1
    if (!isContent(text.slice(line, to).replaceAll(mask, 'x'))) {
      if (line === 0) return undefined
      to = line - 1
      continue
    }
    const from = line + lastStart(text.slice(line, to))
    const sentence = text.slice(from, to)
    if (!isFarewell(sentence) && !isProofEnd(all, original, from, sentence)) return { from, to }
    to = from
    dropped++
  }
  return undefined
}

/** Where the last sentence of a line begins. */
function lastStart(line: string): number {
  let start = 0
  for (const match of line.matchAll(
    /[.!?]["')\]*_]{0,3}\s{1,20}(?=["'([*_A-Z\d\u00c0-\u024f\ue000\\$\u2200-\u22ff\u{1f300}-\u{1faff}])/gu,
  )) {
    const before = line.slice(Math.max(0, match.index - 8), match.index)
    if (!/\b(?:e\.g|i\.e|cf|Eq|Fig|No|Dr|Mr|Mrs|Ms|St|vs|approx|sq|cu|Rs)$/.test(before))
      start = match.index + match[0].length
  }
  return start
}

function isProofEnd({ formulas, places }: Masked, original: string, from: number, sentence: string): boolean {
  if (sentence.trim() !== mask) return false
  const place = places[from + sentence.indexOf(mask)]
  const formula = formulas.find((each) => each.from === place)!
  return /^\s{0,20}\\(?:blacksquare|square|Box|qed|QED)\s{0,20}$/.test(original.slice(formula.start, formula.end))
}
