/** The mathematics around a number in plain words: "which leaves 100 - 58 = 42 seats", "a 3/8 chance", "2\u221a5 cm". */

interface Piece {
  text: string
  from: number
  to: number
}

const piece = /\d+(?:[.,]\d+)*|\\[A-Za-z]+|\\.|[A-Za-z]+(?:['\u2019][A-Za-z]+)?|\s+|[\s\S]/gu

const named = /^(?:sqrt|cbrt|pi|sin|cos|tan|log|ln|exp|infinity)$/
const sign =
  /^[-+*/^=<>()[\]{}|_!%~$\u00ac\u00b0\u00b1\u00b2\u00b3\u00b9\u00bc-\u00be\u00d7\u00f7\u0370-\u03ff\u2070-\u209f\u20ac\u00a3\u00a5\u2013\u2032\u2044\u2070-\u209f\u2150-\u215f\u2190-\u22ff]$/u
/** Letters that are units behind a number, as in "5 m". */
const unitLetter = /^[mgslhLNJWVKCFc]$/

function piecesOf(text: string): Piece[] {
  return [...text.matchAll(piece)].map(({ 0: each, index }) => ({ text: each, from: index, to: index + each.length }))
}

function isMathematical(text: string): boolean {
  if (/^\d/.test(text)) return true
  if (text.startsWith('\\')) return text.length > 1
  return text.length === 1 && /[A-Za-z]/.test(text) ? !/[aAI]/.test(text) : named.test(text) || sign.test(text)
}

const isSpace = (text: string | undefined): boolean => text !== undefined && /^[^\S\n]{1,3}$/.test(text)
const isNumber = (text: string | undefined): boolean => text !== undefined && /^\d/.test(text)

/** Whether the run goes on at `i`, coming from `from`, in the direction of `step`. */
function continues(pieces: readonly Piece[], i: number, step: 1 | -1): boolean {
  const text = pieces[i]?.text
  if (text === undefined) return false
  const [before, after] = [pieces[i - 1]?.text, pieces[i + 1]?.text]
  if (text === '.') return isNumber(after) && !isNumber(before)
  if (text === ':') return isNumber(before) && isNumber(after)
  if (step === 1 && unitLetter.test(text) && isSpace(before) && isNumber(pieces[i - 2]?.text)) return false
  return isMathematical(text)
}

function reach(pieces: readonly Piece[], start: number, step: 1 | -1): number {
  let at = start
  for (;;) {
    const next = at + step
    if (continues(pieces, next, step)) at = next
    else if (isSpace(pieces[next]?.text) && continues(pieces, next + step, step)) at = next + step
    else return at
  }
}

/** Without operators and brackets at the ends that the other side of them would need. */
function trimmed(text: string): string {
  let open = text.match(/[([{]/g)?.length ?? 0
  let close = text.match(/[)\]}]/g)?.length ?? 0
  let [from, to] = [0, text.length]
  for (;;) {
    const [first, last] = [text.charAt(from), text.charAt(to - 1)]
    if (from >= to) return ''
    if (/[\s*^=|_!~\u00d7\u00f7\u2190-\u21ff]/u.test(first)) from++
    else if (/[-+*/^=<>|_~\u2013\u00d7\u00f7$\u2190-\u22ff\s]/u.test(last)) to--
    else if (open > close && /[([{]/.test(first)) [from, open] = [from + 1, open - 1]
    else if (open > close && /[([{]/.test(last)) [to, open] = [to - 1, open - 1]
    else if (close > open && /[)\]}]/.test(last)) [to, close] = [to - 1, close - 1]
    else if (close > open && /[)\]}]/.test(first)) [from, close] = [from + 1, close - 1]
    else return text.slice(from, to)
  }
}

export interface Run extends Piece {
  /** The number alone. */
  number: string
  /** Whether it is a computation with its result. */
  isComputed: boolean
}

/**
 * The last run of mathematics with a number in it, from the numbers for which `counts` holds; the result of a
 * computation before other numbers: "so 4 + 5 = 9 points in 40 minutes".
 */
export function lastRun(sentence: string, counts: (before: string) => boolean): Run | undefined {
  const pieces = piecesOf(sentence)
  let last: Run | undefined
  for (let i = pieces.length - 1; i >= 0; i--) {
    const { text: number, from } = pieces[i]!
    if (!isNumber(number) || !counts(sentence.slice(0, from))) continue
    const firstPiece = reach(pieces, i, -1)
    const [first, end] = [pieces[firstPiece]!, pieces[reach(pieces, i, 1)]!]
    const raw = sentence.slice(first.from, end.to)
    const run = {
      text: trimmed(raw),
      number,
      from: first.from,
      to: end.to,
      isComputed: /=\s*[$(]?\s*[-\d\\]/.test(raw),
    }
    if (run.isComputed) return run
    last ??= run
    i = firstPiece
  }
  return last
}
