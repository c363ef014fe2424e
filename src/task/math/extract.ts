/** Where a response's final answer stands. Every search is linear in the response's length. */
import { findBoxes } from './boxed.js'

export interface Extraction {
  text: string | null
  /** Why there is none. */
  reason?: string
}

/** So much of a response's end is searched for an ending without a box. */
const tailLength = 4000

/**
 * The final answer, by the strongest convention that the response keeps: the last \boxed{} (or \fbox{}); the last
 * "#### ..." or "Answer: ..." or "the answer is ..."; else how its last line ends. What stands in <think> tags counts
 * only where nothing follows them. `isReadable` says whether a text is mathematics.
 */
export function extractAnswer(response: string, isReadable: (text: string) => boolean): Extraction {
  const end = response.lastIndexOf('</think>')
  if (end >= 0) {
    const after = response.slice(end + '</think>'.length)
    if (after.trim() !== '') return extractFrom(after, isReadable)
  }
  return extractFrom(response, isReadable)
}

/** Marks of a turn's end that a decoder left in the text. */
const endMarks = /(?:\s|<\|[\w\s-]{1,40}\|>|<\/?(?:s|eos|end_of_turn|answer)>){1,20}$/

function extractFrom(text: string, isReadable: (text: string) => boolean): Extraction {
  const { contents, cutOff } = findBoxes(text)
  if (cutOff) return { text: null, reason: 'the last box is cut off' }
  const boxed = contents.at(-1)
  if (boxed !== undefined) return boxed.trim() === '' ? { text: null, reason: 'the box is empty' } : { text: boxed }
  const tail = text.slice(-tailLength).replace(endMarks, '')
  const answer = markedAnswer(tail) ?? plainEnding(tail, isReadable)
  return answer === undefined || answer.trim() === '' ? { text: null, reason: 'no answer found' } : { text: answer }
}

const marker =
  /####(?:\s{0,4}\*{0,2}(?:final\s)?answer\b\*{0,2})?|\banswers?\b[*_]{0,4}\s{0,4}(?:is|are|would be|:|=)(?![A-Za-z])/gi

/** What follows the last marker, on its line or, where that is empty, on the next one. */
function markedAnswer(tail: string): string | undefined {
  let last: RegExpMatchArray | undefined
  for (const match of tail.matchAll(marker)) last = match
  if (last === undefined) return undefined
  const rest = tail
    .slice(last.index! + last[0].length)
    .replace(/^[\s*_:]+/, '')
    .replace(/^(?:therefore|thus|hence|then|simply|just|exactly|indeed|clearly),?\s+/i, '')
  const displayed = /^(?:\$\$([^$]*)\$\$|\\\[([\s\S]*?)\\\])/.exec(rest)
  if (displayed !== null) return displayed[1] ?? displayed[2]
  return sentence(rest.split('\n', 1)[0]!)
}

/** An answer without the words around it: mathematics that a sentence goes on after, or the text up to its end. */
function sentence(line: string): string {
  const inline = /^(?:\$([^$]+)\$|\\\((.*?)\\\))(?!\s*(?:[-+*/=<>:^]|,?\s*(?:or|and)\b|,\s*[\\$\d]))/.exec(line)
  if (inline !== null) {
    const rest = line.slice(inline[0].length)
    if (!/^\s*\\?[%\u00b0]/.test(rest) && !/^\s*[\^\d]/.test(rest)) return (inline[1] ?? inline[2])!
  }
  return line.split(/[.;!?](?=\s|$)|,?\s+(?:because|since|which|so|as)\s/, 1)[0]!
}

const number = String.raw`-?(?:\\?\$\s?)?\d[\d,]*(?:\.\d+)?(?:\s*/\s*\d+)?(?:\\?%)?`
/** "In step 5" counts, it does not answer. */
const counted = /\b(?:step|case|part|equation|problem|question|line|page|figure|method)[s.]?\s*\(?$/i
const lastNumber = new RegExp(String.raw`(?<![\w.^])${number}(?![\d^])`, 'g')

/** "x = 1 or x = 2", "a = 3 and b = 4": not the last of them alone. */
const severalValues = /(?:^|[\s$(])([A-Za-z]\w{0,9}\s{0,9}=[^=]*(?:[,;]|\b(?:or|and)\b)[^=]*=.*)$/

/** The last line where it is mathematics; else its last formula, what follows its last "is" or "=", its last number. */
function plainEnding(tail: string, isReadable: (text: string) => boolean): string | undefined {
  // Letters alone may be a word of a sentence that happens to read as a product.
  const isMathematics = (text: string) => (/[\d\\]/.test(text) || text.trim().length === 1) && isReadable(text)
  const lines = tail.split('\n').filter((line) => /[^\s$\\[\]().`*_-]/.test(line))
  const line = lines.at(-1)?.trim().slice(-1000)
  if (line === undefined) return undefined
  const bare = line.replace(/^(?:[*_`\s]|[-+]\s|\\[[(])+|(?:[*_`.\s]|\\[\])])+$/g, '')
  const several = severalValues.exec(bare)?.[1]
  if (several !== undefined && isMathematics(several)) return several
  if (isMathematics(afterEquals(bare))) return afterEquals(bare)
  const formula = /(?:\$([^$]+)\$|\\\(([\s\S]*?)\\\)|\\\[([\s\S]*?)\\\])[\s.*_!]*$/.exec(line)
  if (formula !== null && !/\b(?:or|and|not|than)\s*\$?[^$]{0,40}$/i.test(line.slice(0, formula.index))) {
    return afterEquals((formula[1] ?? formula[2] ?? formula[3])!)
  }
  const said = /^(?:[\s\S]*\b(?:is|are|equals|get|be|gives|total of)\b|[\s\S]*=)\s*:?\s*([^=]+)$/.exec(
    line.replace(/[.!]+$/, ''),
  )
  if (said !== null && isMathematics(said[1]!)) return said[1]
  const last = line
    .replace(/[.!]+$/, '')
    .split(/[.!?;]\s/)
    .at(-1)!
  const numbers = [...last.matchAll(lastNumber)].filter(({ index }) => !counted.test(last.slice(0, index)))
  // "3 or 4" and "not 5" name no answer.
  if (numbers.length === 0 || /\b(?:or|not|n't|either|maybe|between)\b/i.test(last)) return undefined
  return numbers.at(-1)![0]
}

function afterEquals(text: string): string {
  return /[<>]|\\[lg]e/.test(text) ? text : text.slice(text.lastIndexOf('=') + 1)
}
