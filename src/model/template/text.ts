/** Texts as Python has them, where JavaScript differs: white space, splitting, and how values are written. */

/** `str.isspace`: also the separators U+001C to U+001F and U+0085, and no byte order mark. */
export const pythonSpace = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const leading = new RegExp(`^[${pythonSpace}]+`)
const spaceRun = new RegExp(`[${pythonSpace}]+`, 'g')
const oneSpace = new RegExp(`^[${pythonSpace}]$`)

export const isPythonSpace = (character: string): boolean => oneSpace.test(character)

/** Index behind the last character that is not in the set; a pattern for it would take quadratic time. */
function endWithout(text: string, isStripped: (character: string) => boolean): number {
  let end = text.length
  while (end > 0) {
    const low = text.charCodeAt(end - 1)
    const width = end > 1 && low >= 0xdc00 && low < 0xe000 ? 2 : 1
    if (!isStripped(text.slice(end - width, end))) break
    end -= width
  }
  return end
}

/** `rstrip`; `characters`: those that go, instead of white space. */
export function stripEnd(text: string, characters?: string): string {
  const set = characters === undefined ? undefined : new Set(characters)
  return text.slice(
    0,
    endWithout(text, (character) => set?.has(character) ?? isPythonSpace(character)),
  )
}

/** `lstrip` */
export function stripStart(text: string, characters?: string): string {
  if (characters === undefined) return text.replace(leading, '')
  const set = new Set(characters)
  let at = 0
  for (const character of text) {
    if (!set.has(character)) break
    at += character.length
  }
  return text.slice(at)
}

export const strip = (text: string, characters?: string): string => stripEnd(stripStart(text, characters), characters)

/** Words between white space, the first `limit` cuts only; from the left or the right. */
export function splitWords(text: string, limit: number, fromRight: boolean): string[] {
  const all = text.split(spaceRun).filter((word) => word !== '')
  if (limit < 0 || all.length <= limit) return all
  if (fromRight) {
    let rest = text
    const words = all.slice(all.length - limit)
    for (const word of words.toReversed()) rest = stripEnd(rest).slice(0, -word.length)
    rest = stripEnd(rest)
    return rest === '' ? words : [rest, ...words]
  }
  let rest = stripStart(text)
  const words: string[] = []
  while (words.length < limit) {
    const word = all[words.length]
    words.push(word)
    rest = stripStart(rest.slice(word.length))
  }
  return rest === '' ? words : [...words, rest]
}

/** Parts between separators, the first `limit` cuts only; from the left or the right. */
export function splitBy(text: string, separator: string, limit: number, fromRight: boolean): string[] {
  const parts = text.split(separator)
  if (limit < 0 || parts.length <= limit + 1) return parts
  if (fromRight) return [parts.slice(0, parts.length - limit).join(separator), ...parts.slice(parts.length - limit)]
  return [...parts.slice(0, limit), parts.slice(limit).join(separator)]
}

const lineEnd = '\\r\\n|[\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029]'

/** `splitlines` */
export function splitLines(text: string, keepEnds: boolean): string[] {
  const ends = new RegExp(lineEnd, 'g')
  const lines: string[] = []
  let start = 0
  for (const { 0: end, index } of text.matchAll(ends)) {
    lines.push(text.slice(start, keepEnds ? index + end.length : index))
    start = index + end.length
  }
  if (start < text.length) lines.push(text.slice(start))
  return lines
}

/** `repr` of a float. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  const [mantissa, power] = value.toExponential().split('e')
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  const text = String(value).includes('e')
    ? value.toFixed(-exponent + mantissa.replace(/[-.]/g, '').length - 1)
    : String(value)
  return text.includes('.') ? text : `${text}.0`
}

/** Characters that `repr` does not show: `str.isprintable` is false of them. */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/u

/** `repr` of a text. */
export function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let shown = quote
  for (const character of text) {
    const code = character.codePointAt(0)!
    const known = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', [quote]: `\\${quote}` }[character]
    if (known !== undefined) shown += known
    else if (character === ' ' || !hidden.test(character)) shown += character
    else if (code < 0x100) shown += `\\x${code.toString(16).padStart(2, '0')}`
    else
      shown += code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
  }
  return shown + quote
}

/** A text in `json.dumps`. */
export function jsonText(text: string, ascii: boolean): string {
  const shown = JSON.stringify(text)
  if (!ascii) return shown
  return shown.replaceAll(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
