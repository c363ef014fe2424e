/** Words and names around an answer that say what it is, not what it is worth. */

/** Where the braces that open the text close it again, what they hold. */
function withoutBraces(text: string): string {
  if (!/^\{[^{}]*(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}[^{}]*)*\}$/.test(text) || text.endsWith('\\}')) return text
  return text.slice(1, -1).trim()
}

const phrase =
  /^\\(?:text|mbox|textbf|mathrm)\s*\{\s*(?:(?:so|thus|hence|therefore),? )?(?:the )?(?:final |correct )?answer(?: is)?\s*[:=]?\s*\}\s*[:=]?/i
const textAnswer =
  /^\\(?:text|mbox|textbf|mathrm)\s*\{\s*(?:(?:so|thus|hence|therefore),? )?(?:the )?(?:final |correct )?answer(?: is|\s*[:=])\s*([^{}]+)\}$/i
/** `\text{Vertex: }(2, -3)`, `\therefore x = 3` */
const titled = /^\\(?:text|mbox|textbf|mathrm)\s*\{\s*([A-Za-z][A-Za-z' ]{1,40}):\s*\}\s*(?=\S)/
const arrows = /^(?:\\(?:therefore|Rightarrow|Longrightarrow|implies|iff)(?![A-Za-z])\s*)+/
/** `f : x \mapsto 2x` */
const mapping = /^(?:[A-Za-z]\s*:\s*)?[a-z]\s*\\mapsto(?![A-Za-z])\s*/
const quoted = /^(?:"([^"]+)"|'([^']+)'|\\text\s*\{\s*"([^"{}]+)"\s*\})$/
/** A set of y inside "y in": the set alone. */
const memberOfBuilder = /^([A-Za-z])\s*\\in\s*(?=\\\{\s*([A-Za-z])(?:\s|\\in|:|\||\\mid)[\s\S]*\\\}$)/

const option = /^(\\(?:text|mbox|textbf|mathrm)\s*\{)?\s*(?:option|choice)\s*:?\s+(?=\(?(?:\\text\s*\{)?[A-J]\b)/i

/** x in R with a condition, as the condition alone. */
const setBuilder =
  /^\\\{\s*([A-Za-z])\s*(?:\\in\s*(?:\\mathbb\s*\{?\s*R\s*\}?))?\s*(?::|\||\\(?:mid|vert|colon)(?![A-Za-z]))\s*([^{}|:]+)\\\}$/

const axis =
  /\\(?:mathbf|boldsymbol|bm|vec|hat|overrightarrow)\s*\{\s*(?:\\(?:hat|mathbf|vec)\s*\{\s*)?\\?([ijk])(?:math)?\s*\}?\s*\}/g

const allReals = /^(?:\\(?:text|mbox|textbf|mathrm)\s*\{\s*)?(?:the set of )?all real numbers\s*\}?$/i

/** Leaves the mathematics: `\text{Option B}`, `\{x : x > 3\}`, `P(3, -4)`, unit vectors under one name. */
export function withoutPhrases(text: string): string {
  let plain = withoutBraces(text)
    .replace(
      quoted,
      (_, ...inner: (string | undefined)[]) => inner.slice(0, 3).find((each) => each !== undefined) ?? '',
    )
    .replace(arrows, '')
    .replace(textAnswer, '\\text{$1}')
    .replace(phrase, '')
    .replace(titled, (whole: string, name: string) => (negations.test(name) ? whole : ''))
    .replace(option, '$1')
    .replace(mapping, '')
    .replace(memberOfBuilder, (whole: string, left: string, inner: string) => (left === inner ? '' : whole))
  if (/^[^()[\]{}]*[<>]|^[^()[\]{}]*\\[lg]e(?![A-Za-z])/.test(plain) && !/[()[\]{}]/.test(plain)) {
    plain = plain.replace(/\\cup(?![A-Za-z])/g, '\\lor ')
  }
  if (allReals.test(plain)) return '\\mathbb{R}'
  const condition = setBuilder.exec(plain)
  if (condition !== null && condition[2]!.includes(condition[1]!) && /[<>]|\\[lgn]e/.test(condition[2]!)) {
    plain = condition[2]!
  }
  return plain
    .replace(axis, '\\axis_{$1}')
    .replace(/^[A-Z]\s*(?=\([^()=]+,[^()=]+\)$)/, '')
    .trim()
}

const text = String.raw`\\(?:text(?:bf|it|rm)?|mbox|mathrm|mathbf|operatorname)\s*\{[A-Za-z][A-Za-z'. ]*\}(?:_\{?\w{1,20}\}?)?`
const label = new RegExp(
  [
    String.raw`(?:${text}\s*)+`,
    '[A-Za-z]{3,20}(?: [A-Za-z]{2,20}){0,4}',
    // |AB|, [ABC], angle ABC
    String.raw`(?:\||\\[lr]?vert\s*)\s*\\?(?:overline\s*\{)?[A-Z]{1,4}\}?\s*(?:\||\\[lr]?vert)`,
    String.raw`\[[A-Z]{3,8}\]`,
    String.raw`m?\s*(?:\\(?:angle|triangle|measuredangle))\s*\{?[A-Z]{1,4}\}?`,
    // f'(2), f^{-1}(2), P(A | B): not x(x+1), which is a product
    String.raw`[f-hF-H](?:'{0,3}|\^\{-1\})\s*\([^()=]{1,40}\)`,
    String.raw`(?:[dAELNPSV]|\\Pr|\\mathbb\s*\{[PE]\}|\\operatorname\s*\{[A-Za-z]{1,9}\})\s*\([^()=+*/^-]{1,40}\)`,
    String.raw`\\(?:max|min)(?:_\{[^{}]{1,20}\})?`,
    // \frac{dy}{dx}, \frac{d}{dx}(x^2), y'
    String.raw`\\frac\s*\{(?:d|\\partial)\s*[A-Za-z]?\s*\}\s*\{(?:d|\\partial)\s*[a-z]\s*\}\s*(?:\([^()=]{1,30}\)|\[[^[\]=]{1,30}\])?`,
    String.raw`[a-zA-Z]\^\s*\{?\s*(?:\*|\\ast|\\star)\s*\}?`,
    String.raw`${text}\s*\([^()=+*/^-]{1,40}\)`,
  ]
    .map((each) => `(?:${each})`)
    .join('|'),
)
/** What a sum, an integral or a limit is said to be. */
const operator =
  /^\\(?:lim|int|iint|oint|sum|prod|sup|inf|dim|deg|rank|max|min)(?![A-Za-z])(?:\s*\\limits)?(?!\s*\()([^<>]{0,200}?[^<>=!:])=\s*([^=<>]+)$/
const equation = new RegExp(String.raw`^\s*(${label.source})\s*=\s*([^=<>]+)$`)
const negations =
  /\b(?:not|or|and|if|than|no|least|most|never|isn't|wrong|either|neither|sin|cos|tan|log|ln|exp|sqrt|abs|lim|det)\b/i

/** A value and what it is called, where the name is no mathematics that could have another value: "Area = 7". */
export function withoutLabel(answer: string): { label: string; value: string } | undefined {
  const operated = operator.exec(answer)
  if (operated !== null && !/[{(,]\s*$/.test(operated[1]!))
    return { label: answer.slice(0, answer.lastIndexOf('=')), value: operated[2]! }
  const match = equation.exec(answer)
  if (match === null || negations.test(match[1]!)) return undefined
  return { label: match[1]!, value: match[2]! }
}
