/**
 * Regular expressions of a tokenizer.json, which are Oniguruma's, as JavaScript's. Each construct is one that
 * test/golden/make_tokenizer_parts.py has compared with the library on random texts; every other is refused by name.
 *
 * Oniguruma as the library calls it: `^` and `$` are those of a line, `.` is all but \n, `\d`, `\s`, and `\w` are
 * Unicode's, X++ and (?>X) do not backtrack.
 */
import { shown } from '../../base/shown.js'
import { newerThan16 } from './unicode.js'

/** What a file asks for and this does not compute as the library does. */
export class Unsupported extends Error {}

const without = (inside: string): string => `[[${inside}]--[${newerThan16}]]`

const properties = new Map(
  Object.entries({
    Alpha: 'Alphabetic',
    Alphabetic: 'Alphabetic',
    Digit: 'Nd',
    Space: 'White_Space',
    White_Space: 'White_Space',
    Punct: 'P',
    Letter: 'L',
    Number: 'N',
    Punctuation: 'P',
    Uppercase: 'Uppercase',
  }).map(([name, value]) => [name, without(`\\p{${value}}`)]),
)
for (const name of 'L Lu Lt Lm M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp Cc Cf'.split(
  ' ',
)) {
  properties.set(name, without(`\\p{${name}}`))
}
for (const name of 'Han Hiragana Katakana Hangul Latin Cyrillic Greek Arabic Thai Devanagari Hebrew Bengali'.split(
  ' ',
)) {
  properties.set(name, without(`\\p{Script=${name}}`))
}
// U+0295 became a letter without case in Unicode 17.
properties.set('Ll', without('\\p{Ll}\\u0295'))
properties.set('Lo', `[[\\p{Lo}]--[${newerThan16}\\u0295]]`)
properties.set('Lowercase', without('\\p{Lowercase}\\u0295'))
properties.set('Alnum', without('\\p{Alphabetic}\\p{Nd}'))

const word = without('\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}')
/** Outside of a class, Oniguruma's `\w` has these Latin-1 digits and fractions too. */
const wordOutside = `[${word}\\xb2\\xb3\\xb9\\xbc-\\xbe]`
const shorthands: Record<string, string> = {
  d: without('\\p{Nd}'),
  s: '\\p{White_Space}',
  w: word,
  h: '[0-9A-Fa-f]',
}
const posix: Record<string, string> = {
  alpha: without('\\p{Alphabetic}'),
  alnum: without('\\p{Alphabetic}\\p{Nd}'),
  digit: without('\\p{Nd}'),
  lower: without('\\p{Lowercase}\\u0295'),
  upper: without('\\p{Uppercase}'),
  space: '\\p{White_Space}',
  blank: '[\\t\\p{Zs}]',
  punct: without('\\p{P}\\p{S}'),
  cntrl: '\\p{Cc}',
  word,
  xdigit: '[0-9A-Fa-f]',
}
const controls: Record<string, string> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v', a: '\x07', e: '\x1b' }

const complement = (set: string): string => `[^${set}]`
const literal = (character: string): string =>
  /[A-Za-z0-9]/.test(character) ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`

/** @throws Unsupported, or SyntaxError for what is no regular expression */
export function translatePattern(pattern: string): RegExp {
  if (pattern.length > longestPattern) throw new Unsupported(`a pattern of more than ${longestPattern} characters`)
  const expression = new RegExp(new Translator(pattern).whole(), 'gv')
  // V8 compiles on first use, once for texts of bytes and once for others, and only then says that a pattern is too large.
  for (const text of ['', '\u4e2d']) expression.test(text)
  expression.lastIndex = 0
  return expression
}

const deepest = 64
/** Published patterns have a few hundred characters. V8 takes seconds for the classes of many thousands. */
const longestPattern = 4000

class Translator {
  readonly #source: string
  #at = 0
  #atomic = 0
  #depth = 0
  #ignoreCase = false
  #dotAll = false
  /** The letter before, where it is a literal that ignores case: Oniguruma folds "ss" to "ß". */
  #lastLetter = ''

  constructor(source: string) {
    this.#source = source
  }

  whole(): string {
    const [, flags] = /^\(\?([im]+)\)/.exec(this.#source) ?? []
    if (flags !== undefined) {
      this.#at = flags.length + 3
      this.#setFlags(flags, '')
    }
    const translated = this.#alternatives()
    if (this.#at < this.#source.length) throw new SyntaxError('a parenthesis closes nothing')
    return translated
  }

  #setFlags(on: string, off: string): void {
    if (/[^im]/.test(on + off)) throw new Unsupported(`the option (?${on}${off && `-${off}`})`)
    if (on.includes('i')) this.#ignoreCase = true
    if (off.includes('i')) this.#ignoreCase = false
    if (on.includes('m')) this.#dotAll = true
    if (off.includes('m')) this.#dotAll = false
  }

  #alternatives(): string {
    if (++this.#depth > deepest) throw new Unsupported(`nesting deeper than ${deepest}`)
    const parts = ['']
    this.#lastLetter = ''
    while (this.#at < this.#source.length && this.#source[this.#at] !== ')') {
      if (this.#source[this.#at] === '|') {
        this.#at++
        this.#lastLetter = ''
        parts.push('')
      } else parts[parts.length - 1] += this.#quantified()
    }
    this.#depth--
    this.#lastLetter = ''
    return parts.join('|')
  }

  #quantified(): string {
    const start = this.#at
    const { text, quantifiable } = this.#atom()
    const match = /(?:[*+?]|\{(\d*)(,?)(\d*)\})([?+]?)/y
    match.lastIndex = this.#at
    const found = match.exec(this.#source)
    if (found === null || (found[0].startsWith('{') && !found[1] && !found[3])) return text
    const [whole, low, comma, high, mode] = found
    if (!quantifiable) throw new Unsupported(`the quantifier ${whole} behind ${this.#source.slice(start, this.#at)}`)
    this.#at += whole.length
    this.#lastLetter = ''
    const interval = whole.startsWith('{')
    if (interval && mode !== '' && (mode === '+' || comma === '')) throw new Unsupported(`the quantifier ${whole}`)
    if (/^[*+?{]/.test(this.#source.slice(this.#at)) && !/^\{[^\d,]/.test(this.#source.slice(this.#at))) {
      throw new Unsupported(`the quantifier ${whole}${this.#source[this.#at]}`)
    }
    const counts = interval ? `{${low || '0'}${comma}${high}}` : whole[0]
    if (Number(low || 0) > 1000 || Number(high || 0) > 1000) throw new Unsupported(`the quantifier ${whole}`)
    if (mode === '+') return this.#withoutBacktracking(`(?:${text})${counts}`)
    return `(?:${text})${counts}${mode}`
  }

  /** A lookahead is not entered again once it has matched. */
  #withoutBacktracking(text: string): string {
    const name = `a${this.#atomic++}`
    return `(?:(?=(?<${name}>${text}))\\k<${name}>)`
  }

  #atom(): { text: string; quantifiable: boolean } {
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at)!)
    const set = (text: string, quantifiable = true) => {
      this.#lastLetter = ''
      return { text, quantifiable }
    }
    if (character === '(') return this.#group()
    if (character === '[') return set(this.#class())
    if (character === '\\') return this.#escape()
    if (/[*+?]/.test(character)) throw new SyntaxError(`the quantifier ${character} repeats nothing`)
    this.#at += character.length
    if (character === '.') return set(this.#dotAll ? '[\\s\\S]' : '[^\\n]')
    // A line's beginning, but not behind the text's last newline; a line's end.
    if (character === '^') return set('(?:^|(?<=\\n)(?!$))', false)
    if (character === '$') return set('(?:(?=\\n)|(?<!\\n)$)', false)
    return { text: this.#character(character), quantifiable: true }
  }

  #character(character: string): string {
    if (!this.#ignoreCase) return literal(character)
    const folded = this.#folded(character)
    const lower = character.toLowerCase()
    if (/^(?:ff|fi|fl|ss|st)$/.test(this.#lastLetter + lower)) {
      throw new Unsupported(`"${this.#lastLetter}${lower}" that ignores case`)
    }
    this.#lastLetter = /[a-z]/.test(lower) ? lower : ''
    return folded.length === 1 ? literal(folded[0]) : `[${folded.map(literal).join('')}]`
  }

  /** The characters that a character stands for where case is ignored. */
  #folded(character: string): string[] {
    if (character.codePointAt(0)! > 0x7f) throw new Unsupported(`${shown(character)} that ignores case`)
    if (!/[A-Za-z]/.test(character)) return [character]
    const cases = [character.toLowerCase(), character.toUpperCase()]
    const alike: Record<string, string> = { k: '\u212a', s: '\u017f' }
    return Object.hasOwn(alike, cases[0]) ? [...cases, alike[cases[0]]] : cases
  }

  #group(): { text: string; quantifiable: boolean } {
    const opening = /\((?:\?(?:([:=!>]|<[=!])|<[A-Za-z_]\w*>|([a-z]*)(?:-([a-z]+))?(:)))?/y
    opening.lastIndex = this.#at
    const [whole, kind, on, off] = opening.exec(this.#source)!
    this.#at += whole.length
    if (this.#source[this.#at] === '?') {
      throw new Unsupported(`the group ${this.#source.slice(this.#at - 1, this.#at + 6)}`)
    }
    const before = [this.#ignoreCase, this.#dotAll] as const
    if (on !== undefined) this.#setFlags(on, off ?? '')
    const inside = this.#alternatives()
    ;[this.#ignoreCase, this.#dotAll] = before
    if (this.#source[this.#at] !== ')') throw new SyntaxError('a parenthesis is not closed')
    this.#at++
    if (kind === '>') return { text: this.#withoutBacktracking(inside), quantifiable: true }
    const around = kind !== undefined && kind !== ':'
    return { text: around ? `(?${kind}${inside})` : `(?:${inside})`, quantifiable: !around }
  }

  /** A set by an escape; undefined where it is none. Moves behind it. */
  #setEscape(inClass: boolean): string | undefined {
    const property = /\\([pP])\{(\^?)(\w+)\}/y
    property.lastIndex = this.#at
    const found = property.exec(this.#source)
    if (found !== null) {
      const [whole, letter, not, name] = found
      const set = properties.get(name)
      if (set === undefined) throw new Unsupported(`the property ${whole}`)
      this.#at += whole.length
      return (letter === 'P') !== (not === '^') ? complement(set) : set
    }
    const letter = this.#source[this.#at + 1] ?? ''
    const set = shorthands[letter.toLowerCase()]
    if (set === undefined) return undefined
    this.#at += 2
    const whole = letter.toLowerCase() === 'w' && !inClass ? wordOutside : set
    return letter === letter.toLowerCase() ? whole : complement(whole)
  }

  /** A character by an escape; undefined where it is none. Moves behind it. */
  #characterEscape(): string | undefined {
    const code = /\\(?:x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4}))/y
    code.lastIndex = this.#at
    const found = code.exec(this.#source)
    if (found !== null) {
      const point = Number.parseInt(found[1] ?? found[2] ?? found[3], 16)
      // Two hexadecimal digits above 7f are a byte in Oniguruma, not a character.
      if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000) || (found[2] !== undefined && point > 0x7f)) {
        throw new Unsupported(`the escape ${found[0]}`)
      }
      this.#at += found[0].length
      return String.fromCodePoint(point)
    }
    const next = this.#source.codePointAt(this.#at + 1)
    if (next === undefined) throw new SyntaxError('a backslash ends the pattern')
    const character = String.fromCodePoint(next)
    if (/[A-Za-z0-9]/.test(character) && !Object.hasOwn(controls, character)) return undefined
    this.#at += 1 + character.length
    return controls[character] ?? character
  }

  #escape(): { text: string; quantifiable: boolean } {
    const start = this.#at
    const set = this.#setEscape(false)
    if (set !== undefined) {
      const whole = this.#source.slice(start, this.#at)
      if (this.#ignoreCase && !/^\\[dDsS]$/.test(whole)) throw new Unsupported(`${whole} that ignores case`)
      this.#lastLetter = ''
      return { text: set, quantifiable: true }
    }
    const character = this.#characterEscape()
    if (character !== undefined) return { text: this.#character(character), quantifiable: true }
    const letter = this.#source[this.#at + 1]
    const anchors: Record<string, string> = {
      A: '^',
      z: '$',
      Z: '(?=\\n?$)',
    }
    if (!Object.hasOwn(anchors, letter)) throw new Unsupported(`the escape \\${letter}`)
    this.#at += 2
    this.#lastLetter = ''
    return { text: anchors[letter], quantifiable: false }
  }

  /** A character class, from its bracket on; in JavaScript with the flag v, which knows nested ones too. */
  #class(): string {
    if (++this.#depth > deepest) throw new Unsupported(`nesting deeper than ${deepest}`)
    const start = this.#at
    this.#at++
    const negated = this.#source[this.#at] === '^'
    if (negated) this.#at++
    if (this.#source[this.#at] === ']') throw new Unsupported('a class that begins with ]')
    const begin = this.#at
    const sides: string[][] = [[]]
    for (;;) {
      if (this.#at >= this.#source.length) throw new SyntaxError('a character class is not closed')
      if (this.#source[this.#at] === ']') break
      if (this.#source.startsWith('&&', this.#at)) {
        this.#at += 2
        sides.push([])
      } else sides.at(-1)!.push(...this.#classItem(this.#at === begin))
    }
    this.#at++
    this.#depth--
    if (sides.some((side) => side.length === 0)) {
      throw new Unsupported(`the class ${this.#source.slice(start, this.#at)}`)
    }
    const inside = sides.length === 1 ? sides[0].join('') : sides.map((side) => `[${side.join('')}]`).join('&&')
    return `[${negated ? '^' : ''}${inside}]`
  }

  #classItem(atStart: boolean): string[] {
    const named = /\[:(\^?)(\w+):\]/y
    named.lastIndex = this.#at
    const found = named.exec(this.#source)
    if (found !== null) {
      const set = Object.hasOwn(posix, found[2]) ? posix[found[2]] : undefined
      if (set === undefined) throw new Unsupported(`the class ${found[0]}`)
      this.#at += found[0].length
      return [found[1] ? complement(set) : set]
    }
    if (this.#source[this.#at] === '[') return [this.#class()]
    const set = this.#source[this.#at] === '\\' ? this.#setEscape(true) : undefined
    if (set !== undefined) {
      if (this.#ignoreCase) throw new Unsupported('a set that ignores case')
      if (this.#isRange()) throw new Unsupported('a range from a set')
      return [set]
    }
    const isHyphen = this.#source[this.#at] === '-'
    if (isHyphen && !atStart && this.#source[this.#at + 1] !== ']') throw new Unsupported('a hyphen inside of a class')
    const first = this.#classCharacter()
    if (isHyphen && this.#isRange()) throw new Unsupported('a range from a hyphen')
    if (!this.#isRange()) return this.#ignoreCase ? this.#folded(first).map(literal) : [literal(first)]
    this.#at++
    if (this.#source[this.#at] === '[') throw new Unsupported('a range to a class')
    const last = this.#classCharacter()
    const [from, to] = [first.codePointAt(0)!, last.codePointAt(0)!]
    if (from > to) throw new SyntaxError(`the range ${first}-${last} is empty`)
    if (!this.#ignoreCase) return [`${literal(first)}-${literal(last)}`]
    const all = Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i))
    return all.flatMap((character) => this.#folded(character)).map(literal)
  }

  #isRange(): boolean {
    return this.#source[this.#at] === '-' && this.#source[this.#at + 1] !== ']' && this.#at + 1 < this.#source.length
  }

  #classCharacter(): string {
    if (this.#source[this.#at] === '\\') {
      const escaped = this.#characterEscape()
      if (escaped === undefined) throw new Unsupported(`the escape \\${this.#source[this.#at + 1]} in a class`)
      return escaped
    }
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at)!)
    this.#at += character.length
    return character
  }
}
