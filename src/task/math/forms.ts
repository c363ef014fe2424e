/** Answers in a form of their own, which no expression has: numerals with letters, congruences, families, words for sets. */
import type { Node } from './node.js'
import { baseWords } from './vocabulary.js'

type ReadTree = (text: string) => Node

export function readForm(text: string, read: ReadTree): Node | undefined {
  return readWordsForSet(text, read) ?? readNumeral(text) ?? readCongruence(text, read) ?? readFamily(text, read)
}

const wrapper = String.raw`(?:\\(?:text|mathrm|overline|mbox)\s?\{\s?)?`
const numeral = new RegExp(
  String.raw`^\(?${wrapper}([0-9A-Za-z]{1,60})\s?\}?\)?\s?_\s?\{?\s?\(?${wrapper}(?:base\s?\}?\s?)?(\d{1,2}|[a-z]{3,8})\s?\}?\)?\s?\}?$`,
)

/** `2B4_{12}`, `1010_{\text{two}}`: digits that the base has, a digit or more among them that is no letter. */
function readNumeral(text: string): Node | undefined {
  const match = numeral.exec(text.replace(/\\text\s?\{([A-Z])\}/g, '$1'))
  if (match === null) return undefined
  const [, digits, name] = match as unknown as [string, string, string]
  const base = Object.hasOwn(baseWords, name) ? baseWords[name]! : Number(name)
  // 5a_{12} is a product with a variable.
  if (!/\d/.test(digits) || (/[a-z]/.test(digits) && !/[a-z]\d/.test(digits))) return undefined
  if (!Number.isInteger(base) || base < 2 || base > 36) return undefined
  if ([...digits].some((digit) => !(Number.parseInt(digit, 36) < base))) return undefined
  return { kind: 'based', digits: digits.toUpperCase(), base }
}

const modulus = String.raw`\s{0,3}(?:\\[pb]?mod(?![A-Za-z])\s?\{?|\(\s?${wrapper}\\?mod\s?\}?\s?|${wrapper}mod\s?\}?\s?)\s{0,3}(\d{1,30})\s?\}?\)?`
const congruence = new RegExp(
  String.raw`^(?:([A-Za-z](?:_\{?\w{1,3}\}?)?)\s{0,3}\\equiv\s{0,3})?(-?\d{1,30})${modulus}$`,
)

/** `x \equiv 10 \pmod 7`, as the residue 3 of 7. */
function readCongruence(text: string, read: ReadTree): Node | undefined {
  const match = congruence.exec(text)
  if (match === null) return undefined
  const [n, m] = [BigInt(match[2]!), BigInt(match[3]!)]
  if (m === 0n) return undefined
  const residue = ((n % m) + m) % m
  const value: Node = { kind: 'opaque', name: `residue of ${m}`, args: [read(String(residue))] }
  return match[1] === undefined ? value : { kind: 'relation', operator: '=', left: read(match[1]), right: value }
}

const parameter =
  /^([\s\S]*[^\s,;(])(?:\s{0,3}[,;]|\s{0,3}(?=\())\s{0,3}\(?\s{0,3}(?:\\text\s?\{\s{0,3}(?:where|for|with)\s{0,3}\}\s{0,3})?([a-z])\s?\\in\s?\\mathbb\s?\{Z\}\s{0,3}\)?$/

/** A family over the integers, whose parameter goes by the name of k. */
function readFamily(text: string, read: ReadTree): Node | undefined {
  const match = parameter.exec(text)
  if (match === null) return undefined
  const [, family, name] = match as unknown as [string, string, string]
  const letter = (each: string) => new RegExp(String.raw`(?<![A-Za-z\\])${each}(?![A-Za-z])`, 'g')
  if (!letter(name).test(family) || (name !== 'k' && letter('k').test(family))) return undefined
  return read(family.replace(letter(name), 'k'))
}

const open = String.raw`^(?:\\(?:text|mbox|textbf|mathrm)\s?\{\s?)?`
const noSolution = new RegExp(String.raw`${open}(?:there (?:is|are) )?no solutions?\s?\}?$`, 'i')
const emptySet = new RegExp(String.raw`${open}(?:the )?empty set\s?\}?$`, 'i')
const realsBut = new RegExp(
  String.raw`${open}(?:the set of )?all real(?: numbers|s)?,? (?:except|but|other than|excluding)(?: for)?\s?\}?\s{0,3}([^{}]{1,60}|\\frac\{[^{}]{1,20}\}\{[^{}]{1,20}\})\}?$`,
  'i',
)

function readWordsForSet(text: string, read: ReadTree): Node | undefined {
  if (noSolution.test(text)) return { kind: 'words', text: 'nosolution' }
  if (emptySet.test(text)) return { kind: 'namedSet', name: 'empty' }
  const removed = realsBut.exec(text)?.[1]
  if (removed === undefined) return undefined
  const values = read(removed.replace(/^[a-z]\s?=\s?/, ''))
  const items = values.kind === 'sequence' && values.open === '' ? values.items : [values]
  const set: Node = { kind: 'sequence', open: '{', close: '{', items }
  return { kind: 'difference', parts: [{ kind: 'namedSet', name: 'R' }, set] }
}
