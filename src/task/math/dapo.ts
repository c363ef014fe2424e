/**
 * The DAPO rule, as verl's `math_dapo.compute_score` applies it (its normalisation is Minerva's, Lewkowycz et al. 2022,
 * appendix D): the last "Answer: ..." within the final 300 characters, both sides put through the same list of
 * replacements, then compared as text. What it does to answers such as "a 5" or "3 inches" is the rule's own; it is kept
 * as it stands, so that rewards agree with those of other DAPO trainers.
 */
import { withoutMarks } from './trim.js'

const substitutions: readonly (readonly [string, string])[] = [
  ['an ', ''],
  ['a ', ''],
  ['.$', '$'],
  ['\\$', ''],
  ['\\ ', ''],
  [' ', ''],
  ['mbox', 'text'],
  [',\\text{and}', ','],
  ['\\text{and}', ','],
  ['\\text{m}', '\\text{}'],
]

const removed: readonly string[] = [
  ...['square', 'ways', 'integers', 'dollars', 'mph', 'inches', 'hours', 'km', 'units', '\\ldots', 'sue', 'points'],
  ...['feet', 'minutes', 'digits', 'cents', 'degrees', 'cm', 'gm', 'pounds', 'meters', 'meals', 'edges', 'students'],
  ...[
    'childrentickets',
    'multiples',
    '\\text{s}',
    '\\text{.}',
    '\\text{\ns}',
    '\\text{}^2',
    '\\text{}^3',
    '\\text{\n}',
  ],
  ...['\\text{}', '\\mathrm{th}', '^\\circ', '^{\\circ}', '\\;', ',\\!', '{,}', '"', '\\dots'],
]

/** Python's str.isdigit: decimal digits, and those that are raised, lowered, circled or Ethiopic. */
const digitsOnly =
  /^[\p{Nd}\u00b2\u00b3\u00b9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792]+$/u

/** Python's white space: that of JavaScript with the separators U+001C to U+001F and U+0085, without U+FEFF. */
const space = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const front = new RegExp(`^${space}`)
const back = new RegExp(`${space}$`)
const strip = (text: string): string => withoutMarks(text, front, back)

// Python's expressions take quadratic time on long references; what follows are these, line by line in linear time.

/** re.sub(r"(.*?)(\$)(.*?)(\$)(.*)", "$\\3$"): what stands between the first two $ of each line that has two. */
function betweenDollars(line: string): string {
  const first = line.indexOf('$')
  const second = first < 0 ? -1 : line.indexOf('$', first + 1)
  return second < 0 ? line : line.slice(first, second + 1)
}

/** re.sub(command + r"{(.*?)}", r"\1"): without the command and its braces, up to the next closing one. */
function unwrapped(line: string, command: string): string {
  let result = ''
  let at = 0
  for (;;) {
    const start = line.indexOf(command, at)
    const end = start < 0 ? -1 : line.indexOf('}', start + command.length)
    if (end < 0) return result + line.slice(at)
    result += line.slice(at, start) + line.slice(start + command.length, end)
    at = end + 1
  }
}

/** re.sub(r"\\boxed{(.*)}", r"\1"): up to the line's last brace. */
function unboxed(line: string): string {
  const start = line.indexOf('\\boxed{')
  const end = line.lastIndexOf('}')
  return start < 0 || end < start
    ? line
    : line.slice(0, start) + line.slice(start + '\\boxed{'.length, end) + line.slice(end + 1)
}

export function normalizeDapo(answer: string): string {
  let text = answer.slice(answer.lastIndexOf('=') + 1)
  for (const [before, after] of substitutions) text = text.replaceAll(before, () => after)
  for (const part of removed) text = text.replaceAll(part, '')
  text = text
    .split('\n')
    .map((line) => {
      const wrapped = ['\\text{', '\\textbf{', '\\overline{'].reduce(unwrapped, betweenDollars(line))
      return unboxed(wrapped)
    })
    .join('\n')
    .replace(/frac([^{])([^\n])/gu, 'frac{$1}{$2}')
    .replace(/sqrt([^{])/gu, 'sqrt{$1}')
    .replaceAll('$', '')
  const withoutCommas = text.replaceAll(',', '')
  return strip(digitsOnly.test(withoutCommas) ? withoutCommas : text)
}

const answerLine = new RegExp(`answer${space}*:${space}*([^\\n]+)`, 'giu')
const tail = 300

/** The last "Answer: ..." of a response's final 300 characters (code points), not yet normalised. */
export function extractDapo(response: string): string | undefined {
  const end = [...response.slice(-2 * tail)].slice(-tail).join('')
  let last: string | undefined
  for (const match of end.matchAll(answerLine)) last = match[1]
  return last
}
