/**
 * The DAPO rule, as verl's `math_dapo.compute_score` applies it (its normalisation is Minerva's, Lewkowycz et al. 2022,
 * appendix D): the last "Answer: ..." within the final 300 characters, both sides put through the same list of
 * replacements, then compared as text. What it does to answers such as "a 5" or "3 inches" is the rule's own; it is kept
 * as it stands, so that rewards agree with those of other DAPO trainers.
 */

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
const ends = new RegExp(`^${space}+|${space}+$`, 'g')
const strip = (text: string): string => text.replace(ends, '')

export function normalizeDapo(answer: string): string {
  let text = answer.slice(answer.lastIndexOf('=') + 1)
  for (const [before, after] of substitutions) text = text.replaceAll(before, () => after)
  for (const part of removed) text = text.replaceAll(part, '')
  text = text
    .replace(/[^\n]*?\$([^\n]*?)\$[^\n]*/gu, (_, inner: string) => `$${inner}$`)
    .replace(/\\text\{([^\n]*?)\}/gu, '$1')
    .replace(/\\textbf\{([^\n]*?)\}/gu, '$1')
    .replace(/\\overline\{([^\n]*?)\}/gu, '$1')
    .replace(/\\boxed\{([^\n]*)\}/gu, '$1')
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
