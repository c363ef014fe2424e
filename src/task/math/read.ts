/** From an answer's text to a tree; what is not mathematics becomes words. Total: every text of bounded length is read. */
import type { Budget } from './budget.js'
import { withOneSpelling, withoutEnds, withoutLayout } from './clean.js'
import { readForm } from './forms.js'
import { withoutLabel, withoutPhrases } from './labels.js'
import { withPlainMeasures } from './measures.js'
import type { Node } from './node.js'
import { parse } from './parse.js'
import { TooLarge, Undefined } from './rational.js'
import { tokenize, Unreadable } from './tokens.js'
import { withoutMarks } from './trim.js'

/** Longer answers are compared as text only. */
export const longestAnswer = 4000

/** How 1,234 is read: as a number, as most write it, or as a list of two. */
export type Commas = 'grouping' | 'list'

export function readAnswer(text: string, budget: Budget, commas: Commas = 'grouping'): Node {
  if (text.length > longestAnswer) return { kind: 'words', text }
  budget.spend(text.length / 16)
  const plain = withoutPhrases(withPlainMeasures(withoutEnds(withOneSpelling(withoutLayout(asMoney(text))))))
  // (1,234) is a pair rather than a number in parentheses.
  const isList = commas === 'list' || /^(?:[([]|\\\{)/.test(plain)
  const cleaned = isList ? plain.replace(/(\d),(?=\d)/g, '$1, ') : plain
  return readChoice(cleaned, budget) ?? readForm(cleaned, (each) => readTree(each, budget)) ?? readTree(cleaned, budget)
}

/** A price whose dollar sign would be taken for a mark of math mode. */
const asMoney = (text: string): string => text.replace(/^(\s{0,9}-?)(?:US)?\$(?=\s?\d[\d,.]{0,60}\s{0,9}$)/, '$1\\$')

/** Whether the text has a number that could also be a list. */
export function hasOpenCommas(text: string): boolean {
  if (text.length > longestAnswer) return false
  const plain = withoutLayout(text)
  return /\d,[1-9]\d{2}(?!\d)/.test(plain) && !/\d,0\d/.test(plain)
}

function readTree(cleaned: string, budget: Budget): Node {
  const labelled = withoutLabel(cleaned)
  if (labelled !== undefined) {
    return { kind: 'relation', operator: '=', left: words(labelled.label), right: readTree(labelled.value, budget) }
  }
  try {
    return parse(tokenize(cleaned, budget), budget)
  } catch (error) {
    if (error instanceof Unreadable || error instanceof TooLarge || error instanceof Undefined) return words(cleaned)
    throw error
  }
}

const textWrapper = String.raw`\\(?:text(?:bf|it|rm|normal|sf|tt|up)?|emph|mbox|hbox|math(?:rm|bf|it|sf|tt)|operatorname|bf|rm)\s*`
const choicePattern = new RegExp(
  String.raw`^(?:${textWrapper}\{)?\s*(?:\(\s*(?:${textWrapper}\{)?([A-J])\}?\s*\)|([A-J])\s*[.):](?!\d))\s*\}?\s*([\s\S]*)$`,
)

/** `(B)`, `B.`, `B) 7`, `\textbf{(B)}\ 7`. A lone letter is left to be a symbol. */
function readChoice(cleaned: string, budget: Budget): Node | undefined {
  const match = choicePattern.exec(cleaned)
  if (match === null) return undefined
  const letter = (match[1] ?? match[2])!
  const rest = withoutEnds(match[3]!)
  if (rest === '') return { kind: 'choice', letter }
  // (A+B), (A)(B) and (A) \cup (B) are mathematics, not a choice and its content.
  if (/^(?:[-+*/^=(]|\\(?:cup|cap|cdot|times|in)(?![A-Za-z]))/.test(rest)) return undefined
  return { kind: 'choice', letter, content: readTree(rest, budget) }
}

function words(cleaned: string): Node {
  const inner = cleaned
    .replace(new RegExp(`${textWrapper}\\{([^{}]*)\\}`, 'g'), '$1')
    .replace(/[{}]/g, (brace, at: number, whole: string) => (whole.charAt(at - 1) === '\\' ? brace : ''))
  const text = withoutMarks(inner, undefined, /[\s,.]$/)
  const plain = /^[\p{L}\s'",.!?()-]{2,}$/u.test(text) ? text.toLowerCase().replace(/["'!?]/g, '') : text
  return { kind: 'words', text: plain.replace(/\s+/g, '') }
}
