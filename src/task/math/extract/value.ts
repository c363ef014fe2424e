/** The value at the end of a formula, and the run of mathematics around a number in plain words. */
import { children, type Node, symbols } from '../node.js'
import { assignmentOf } from '../relations.js'

export type Read = (text: string) => Node

/** What a response ends with; `whole` is the equation that `text` is the last part of. */
export interface Ending {
  text: string
  whole?: string
}

/** Where the signs = outside of all brackets stand. */
function topLevelEquals(text: string): number[] {
  const places: number[] = []
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '\\') at++
    else if ('({['.includes(character)) depth++
    else if (')}]'.includes(character)) depth--
    else if (character === '=' && depth <= 0 && !/[<>!:=]/.test(text.charAt(at - 1)) && text.charAt(at + 1) !== '=')
      places.push(at)
  }
  return places
}

const relation =
  /[<>\u2260\u2264\u2265\u2248\u2208\u2243]|\\(?:l|g|n|leq?|geq?|leqslant|geqslant|leqq|geqq|neq?|lt|gt|in|notin|not|approx|approxeq|simeq|doteq|equiv|subset|cong)(?![A-Za-z])|!=/

/** The last row of displayed lines, or all of them where each says something for itself. */
function rowsOf(content: string): string {
  const rows = content
    .replace(/\\(?:begin|end)\s*\{(?:align|aligned|gather|gathered|equation|eqnarray|split|multline)\*?\}/g, ' ')
    .split(/\\\\(?:\[[^\]]{0,12}\])?|\\cr(?![A-Za-z])/)
    .map((row) =>
      row
        .replace(/(?<!\\)&/g, ' ')
        .replace(/\\(?:nonumber|notag)(?![A-Za-z])|\\tag\s*\{[^{}]*\}/g, ' ')
        .trim(),
    )
    .filter((row) => row !== '')
  if (rows.length > 1 && rows.every((row) => /^[A-Za-z]\w{0,3}\s*=[^=]+$/.test(row))) return rows.join(', ')
  return (rows.at(-1) ?? '').replace(/^(?:\\(?:Rightarrow|Longrightarrow|implies|iff|therefore)(?![A-Za-z])\s*)+/, '')
}

const isBlock = /\\begin\s*\{(?:[pbvBV]?matrix|smallmatrix|array|cases)/

const implied = /^[\s\S]*\\(?:Rightarrow|Longrightarrow|implies|iff|Leftrightarrow)(?![A-Za-z])/
const isComputation = /^(?:[\d\s.,+\-*/\u00d7\u00f7\u00b7\u2212\u2013$%()^=\\]|(?<=\d\s?)x(?=\s?\$?\d))*$/
const modulus = /\s*(?:\\quad\s*)*(?:\\pmod|\\mod|\\bmod|\(\s*(?:\\(?:text|mathrm|bmod)\s*\{?)?\s*mod)[\s\S]*$/

/** Made of one unknown, numbers and + - * / ^ alone: an equation in it is to be solved. */
const isPolynomial = (node: Node): boolean =>
  /^(?:symbol|number|constant|sum|negative|product|quotient|power)$/.test(node.kind) &&
  children(node).every(isPolynomial)

/** The value at the end of a chain of congruences, where its beginning is a number or an expression. */
function residue(line: string, read: Read): Ending | undefined {
  const parts = line.replace(modulus, '').split(/\\equiv(?![A-Za-z])|\u2261/)
  const last = parts.at(-1)!.trim()
  if (parts.length < 2 || last === '') return undefined
  const first = read(parts[0]!)
  return first.kind === 'symbol' && parts.length === 2 ? { text: line } : { text: last, whole: line }
}

/**
 * What a formula says in the end: its last value, unless it is a relation that means more than its right side.
 * `isSaid`: the sentence says that the formula is what is asked for ("the distance is 2c = 10").
 */
export function valueIn(content: string, read: Read, isSaid = false): Ending {
  const line = (isBlock.test(content) ? content : rowsOf(content)).replace(implied, '').trim()
  if (/\\equiv(?![A-Za-z])|\u2261/.test(line)) return residue(line, read) ?? { text: line }
  const equals = topLevelEquals(line)
  if (equals.length === 0 || relation.test(line)) return { text: line }
  let text = line.slice(equals.at(-1)! + 1).trim()
  // 36 - 19 = 17 = x
  if (/^[A-Za-z]$/.test(text) && equals.length > 1) text = line.slice(equals.at(-2)! + 1, equals.at(-1)!).trim()
  if (text === '') return { text: line }
  if (isSaid || isComputation.test(line.slice(0, equals.at(-1)))) return { text }
  const node = read(line)
  if (node.kind !== 'relation' || assignmentOf(node) !== undefined || symbols(node.left).length === 0) return { text }
  // x^2 = 5 is not solved; a^2 + b^2 = 25 and sin x = 1/2 may be what is asked for.
  const isUnsolved =
    equals.length === 1 && symbols(node).length === 1 && isPolynomial(node.left) && symbols(node.right).length === 0
  return isUnsolved ? { text: line } : { text, whole: line }
}
