/** Text whose backslashes were escaped once too often (as JSON has them) or unescaped once too often. */

/** Commands that begin with a letter of a JSON escape (n, r, t): `\neq` is no line break. */
const commands = new Set(
  (
    'ne neq neg ni not notin nu nabla nexists nleq nless ngeq nmid nparallel nearrow newline newcommand nicefrac norm normalsize nolimits ' +
    're rm rho right rightarrow rightharpoonup rangle rbrace rbrack rceil rfloor rvert rVert root real ' +
    'tan tanh tau text textbf textit textrm textsf texttt textup textnormal textcolor textstyle textdegree textdollar tfrac tbinom theta ' +
    'thinspace therefore tilde times tiny to top triangle triangleleft triangleright tag'
  ).split(' '),
)

const run = /\\+/g

/** `\\frac` where no backslash stands alone as TeX's does: JSON-escaped, with `\n` and `\"` for what it escapes too. */
function isDoubled(text: string): boolean {
  let doubled = false
  run.lastIndex = 0
  for (let match = run.exec(text); match !== null; match = run.exec(text)) {
    const next = text.slice(run.lastIndex, run.lastIndex + 24)
    if (match[0].length % 2 === 0) doubled ||= /^(?:[A-Za-z]{2}|[[\](){}%$])/.test(next)
    else if (match[0].length > 1 || !isJsonEscape(next)) return false
    else doubled ||= next.startsWith('n')
  }
  return doubled
}

function isJsonEscape(next: string): boolean {
  if (next.startsWith('"') || next.startsWith('/')) return true
  return /^[nrt]/.test(next) && !commands.has(/^[A-Za-z]+/.exec(next)![0])
}

const escaped: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '/': '/' }

function undoubled(text: string): string {
  // A matrix's row break may have been left as it was: then it is two backslashes, not the escape of one.
  const breaksAreEscaped = text.includes('\\\\\\\\')
  return text.replace(/(\\+)([\s\S]?)/g, (_, slashes: string, next: string) => {
    if (slashes.length === 1) return escaped[next] ?? `\\${next}`
    const isBreak = slashes.length === 2 && !breaksAreEscaped && /^[\s\d&+-]?$/.test(next)
    return `${isBreak ? slashes : slashes.slice(slashes.length >> 1)}${next}`
  })
}

/** What a decoder of JSON makes of `\frac`, `\boxed`, `\text`, `\right` and `\neq` that were not escaped. */
const decoded: readonly (readonly [RegExp, string])[] = [
  [/\f(?=[a-z])/g, '\\f'],
  [/[\b](?=[a-z])/g, '\\b'],
  [/\t(?=(?:ext(?:bf|it|rm)?\s*\{|imes(?![a-z])|heta(?![a-z])|an(?![a-z])|frac|riangle|o\s+[\d\\]))/g, '\\t'],
  [/\r(?=(?:ight|angle|ceil|floor|brace)(?![a-z]))/g, '\\r'],
  [/\n(?=(?:eq|otin)(?![a-z]))/g, '\\n'],
]

/** Linear. Text with a single TeX command as it should be is left alone. */
export function unescaped(text: string): string {
  let result = text
  for (const [pattern, command] of decoded) result = result.replace(pattern, command)
  for (let times = 0; times < 2 && isDoubled(result); times++) result = undoubled(result)
  return result
}
