/** Where a response's final answer stands. Every search is linear in the response's length. */
import { findBoxes } from '../boxed.js'
import { lastBoxes } from './box-list.js'
import { plainEnding } from './ending.js'
import { markedAnswer } from './markers.js'
import { withoutEndMarks } from './marks.js'
import type { Ending, Read } from './value.js'

export interface Extraction {
  text: string | null
  /** The equation that `text` is the right side of, where it says more. */
  whole?: string
  /** Why there is none. */
  reason?: string
}

/**
 * The final answer, by the strongest convention that the response keeps: the last \boxed{} (or \fbox{}), with those
 * that stand in one list with it; the last "#### ..." or "Answer: ..." or "the answer is ..."; else what its last
 * sentence says. What stands in <think> tags counts only where nothing follows them.
 */
export function extractAnswer(response: string, read: Read): Extraction {
  const end = response.lastIndexOf('</think>')
  if (end >= 0) {
    const after = response.slice(end + '</think>'.length)
    if (after.trim() !== '') return extractFrom(after, read)
  }
  return extractFrom(response, read)
}

function extractFrom(text: string, read: Read): Extraction {
  const boxes = findBoxes(text)
  if (boxes.cutOff) return { text: null, reason: 'the last box is cut off' }
  if (boxes.contents.length > 0) {
    const boxed = lastBoxes(text, boxes)
    return boxed.trim() === '' ? { text: null, reason: 'the box is empty' } : { text: boxed }
  }
  const body = withoutEndMarks(text)
  const ending = shortAnswer(body) ?? markedAnswer(body) ?? plainEnding(body.replace(/<\/answer>$/, ''), read)
  return ending === undefined || ending.text.trim() === '' ? { text: null, reason: 'no answer found' } : ending
}

/** A response of a single word is its answer: "Yes". */
function shortAnswer(text: string): Ending | undefined {
  if (text.length > 60) return undefined
  const words = text.replace(/[*_"'`.!]/g, '').trim()
  return /^(?:[a-z]{2,20}|no (?:real )?solutions?)$/i.test(words) && !/^answers?$/i.test(words)
    ? { text: words }
    : undefined
}
