/** Answers that a response marks: <answer> tags, ####, "Answer:", "the answer is". */
import { findFormulas } from './formulas.js'
import { withoutEmphasis, withoutEndMarks } from './marks.js'
import type { Ending } from './value.js'
import { chosenLetter, withoutAside } from './wording.js'

const around = String.raw`(?:\s|[*_\x60~}:]|<\/?[a-z]{1,6}>){0,8}`
const verb = 'is|are|was|equals|should be|must be|will be|would be|comes? out (?:to be|to|as)|turns out to be'
const marker = new RegExp(
  [
    String.raw`####(?:\s{0,4}[*_]{0,3}(?:the\s)?(?:final\s)?answer\b(?:\s+is\b)?[*_]{0,3})?`,
    String.raw`(?<!\b(?:an|another|possible) )\banswers?\b(?: to (?:the|this|that|your|our) (?:[a-z]{1,12} ){0,2}(?:question|problem|exercise|puzzle|equation))?${around}(?:therefore |thus |then |hence )?(?:(?:${verb})(?![A-Za-z])|[:=\uff1a\u2192]|['\u2019]s(?![A-Za-z]))`,
    String.raw`\bans\s?[.:=](?!\w)`,
    String.raw`(?:^|\n)[#>\s*_]{0,12}(?:the |your |my )?(?:final |correct )?answer[*_:]{0,4}[^\S\n]{0,4}(?=\n)`,
    '\u7b54\u6848(?:\u662f|\u4e3a|\u70ba)?[:\uff1a]?',
  ]
    .map((each) => `(?:${each})`)
    .join('|'),
  'gi',
)

/** What follows "the answer is" without being one. */
const noAnswer =
  /^(?:as follows|given (?:by|below|above|in)|below|above|shown|found|obtained|derived|computed|the following|in (?:the|a) (?:box|form)|correct|right|wrong|incorrect|clear|obvious|unique|simple|easy|reasonable|consistent|valid|in agreement|what we)\b/i

/** What follows the last marker, on its line or, where that is empty, on the next one. */
export function markedAnswer(text: string): Ending | undefined {
  const tagged = taggedAnswer(text)
  if (tagged !== undefined) return tagged
  let last: string | undefined
  for (const match of text.matchAll(marker)) {
    const rest = text.slice(match.index + match[0].length)
    if (!noAnswer.test(afterMarker(rest.slice(0, 200)))) last = rest
  }
  return last === undefined ? undefined : statedAnswer(last)
}

/** <answer>5</answer>; what it holds may be a sentence again. */
function taggedAnswer(text: string): Ending | undefined {
  const end = text.lastIndexOf('</answer>')
  const start = end < 0 ? -1 : text.lastIndexOf('<answer>', end)
  if (start < 0) return undefined
  const content = withoutEndMarks(text.slice(start + '<answer>'.length, end)).trim()
  return markedAnswer(content) ?? statedAnswer(content)
}

const filler =
  /^(?:therefore|thus|hence|then|simply|just|exactly|indeed|clearly|now|obviously|precisely|equal to|option|choice|:),?\s+/i

function afterMarker(rest: string): string {
  let start = rest.replace(/^(?:[\s_:}\uff1a]|\*(?!\*?[^\s*]*\*)|<\/?[a-z]{1,6}>)+/i, '')
  if (/^(?:the|a)\s+(?:final |correct )?(?:value|result|number)\s+(?:of\s+)?\S/i.test(start)) return start
  for (let before = ''; before !== start; ) {
    before = start
    start = start.replace(filler, '')
  }
  return start
}

const longestLine = 20_000

function statedAnswer(after: string): Ending {
  const rest = afterMarker(after)
  const displayed = /^(?:\$\$([^$]*)\$\$|\\\[([\s\S]*?)\\\])/.exec(rest)
  if (displayed !== null) return { text: stripped((displayed[1] ?? displayed[2])!) }
  const line = withoutEmphasis(rest.slice(0, longestLine).split('\n', 1)[0]!).trim()
  const text = sentenceOf(line)
  const letter = /^(?:option|choice)\b/i.test(line) ? chosenLetter(line) : undefined
  return letter === undefined ? { text } : { text: letter }
}

const stripped = (text: string): string => text.replace(/[\s.,;]{1,20}$/, '')

/** An answer without the words around it: mathematics that a sentence goes on after, or the text up to its end. */
function sentenceOf(line: string): string {
  const inline = findFormulas(line)[0]
  const goesOn =
    /^\s*(?:[-+*/=<>:^\d\u2248]|\((?![A-Za-z]{2})|\\?[%\u00b0]|,?\s*(?:or|and|percent|per cent|pct|million|thousand|billion|hundred|dozen)\b|,\s*[\\$\d])/
  if (inline?.from === 0 && !goesOn.test(line.slice(inline.to))) return line.slice(inline.start, inline.end)
  const text = withoutAside(line.split(/[.;!?](?=\s|$)|\u3002|,?\s{1,3}(?:which|as)\s/, 1)[0]!, /\S/)
  return text
    .replace(/\s{0,3}\((?:[A-Za-z]{2,}[^()]*)\)$/, (aside) => (/^\s{0,3}\(mod\b/.test(aside) ? aside : ''))
    .replace(/^["\u201c]|["\u201d]$/g, '')
}
