/** Methods of Python's str. */

import { bind, textOf, wholeOf } from './arguments.js'
import type { Budget } from './budget.js'
import { splitBy, splitLines, splitWords, strip, stripEnd, stripStart } from './text.js'
import {
  bool,
  int,
  isText,
  iterate,
  list,
  None,
  TemplateError,
  Tuple,
  text,
  truth,
  typeName,
  UnsupportedTemplate,
  type Value,
} from './values.js'

type Method = (self: string, args: Value[], budget: Budget) => Value

export const codePoints = (value: string): number => {
  let count = value.length
  for (let i = 1; i < value.length; i++) {
    const low = value.charCodeAt(i)
    if (low >= 0xdc00 && low < 0xe000 && (value.charCodeAt(i - 1) & 0xfc00) === 0xd800) count--
  }
  return count
}

export const texts = (parts: string[], budget: Budget): Value => {
  budget.values(parts.length)
  return list(parts.map(text))
}

const given = (value: Value | undefined): Value | undefined => (value instanceof None ? undefined : value)

const simple =
  (name: string, compute: (self: string) => string | boolean): Method =>
  (self, args) => {
    bind(name, [], args)
    const result = compute(self)
    return typeof result === 'string' ? text(result) : bool(result)
  }

const stripping =
  (name: string, compute: (self: string, characters?: string) => string): Method =>
  (self, args) => {
    const [characters] = bind(name, ['/chars?'], args)
    return text(compute(self, given(characters) && textOf(name, characters)))
  }

const splitting =
  (name: string, fromRight: boolean): Method =>
  (self, args, budget) => {
    const [sep, maxsplit] = bind(name, ['sep?', 'maxsplit?'], args)
    const separator = given(sep) && textOf(name, sep)
    const limit = maxsplit === undefined ? -1 : wholeOf(name, maxsplit)
    if (separator === '') throw new TemplateError('empty separator')
    return texts(
      separator === undefined ? splitWords(self, limit, fromRight) : splitBy(self, separator, limit, fromRight),
      budget,
    )
  }

/** The part of the text that `start` and `end` leave, and where it begins in characters. */
function part(name: string, self: string, start?: Value, end?: Value): { piece: string; from: number } {
  if (given(start) === undefined && given(end) === undefined) return { piece: self, from: 0 }
  const characters = Array.from(self)
  const place = (value: Value | undefined, missing: number): number => {
    const at = given(value) === undefined ? missing : wholeOf(name, value!)
    return at < 0 ? Math.max(0, at + characters.length) : at
  }
  const from = place(start, 0)
  return { piece: from > characters.length ? '' : characters.slice(from, place(end, characters.length)).join(''), from }
}

/** A text, or a tuple of them of which one fits. */
const affix =
  (name: string, fits: (self: string, affix: string) => boolean): Method =>
  (self, args) => {
    const [wanted, start, end] = bind(name, ['/prefix', '/start?', '/end?'], args)
    const { piece, from } = part(name, self, start, end)
    const possible = from <= self.length
    if (!(wanted instanceof Tuple)) return bool(fits(piece, textOf(name, wanted)) && possible)
    return bool(wanted.value.some((item) => fits(piece, textOf(name, item)) && possible))
  }

/** Where a part is, in characters; -1 when it is not there. `missing`: the error then. */
const finding =
  (name: string, find: (self: string, wanted: string) => number, missing?: string): Method =>
  (self, args) => {
    const [wanted, start, end] = bind(name, ['/sub', '/start?', '/end?'], args)
    const { piece, from } = part(name, self, start, end)
    const sought = textOf(name, wanted)
    const at = from > self.length ? -1 : find(piece, sought)
    if (at < 0 && missing !== undefined) throw new TemplateError(missing)
    return int(at < 0 ? -1 : from + codePoints(piece.slice(0, at)))
  }

const padding =
  (name: string, pad: (self: string, width: number, fill: string) => string): Method =>
  (self, args, budget) => {
    const [width, fillchar] = bind(name, ['/width', '/fillchar?'], args)
    const fill = fillchar === undefined ? ' ' : textOf(name, fillchar)
    if (codePoints(fill) !== 1) throw new TemplateError('The fill character must be exactly one character long')
    const missing = Math.max(0, wholeOf(name, width!) - codePoints(self))
    budget.text(self.length + missing * fill.length)
    return text(pad(self, missing, fill))
  }

/** All characters fit, and there is one. */
const every = (name: string, pattern: RegExp): Method =>
  simple(name, (self) => self !== '' && Array.from(self).every((character) => pattern.test(character)))

const upper = /\p{Uppercase}/u
const lower = /\p{Lowercase}/u
export const isUpper = (self: string): boolean => upper.test(self) && !/[\p{Lowercase}\p{Lt}]/u.test(self)
export const isLower = (self: string): boolean => lower.test(self) && !/[\p{Uppercase}\p{Lt}]/u.test(self)

/** `str.title`: a letter is a capital when no cased character is before it. */
function titled(self: string): string {
  let result = ''
  let inWord = false
  for (const character of self) {
    result += inWord ? character.toLowerCase() : titleCase(character)
    inWord = /[\p{Uppercase}\p{Lowercase}\p{Lt}]/u.test(character)
  }
  return result
}

const ownTitle = /[\u01c4-\u01cc\u01f1-\u01f3\u1f80-\u1faf\u1fb3\u1fbc\u1fc3\u1fcc\u1ff3\u1ffc\u10d0-\u10ff]|\p{Lt}/u

/** Some letters of two characters have a form for titles, which JavaScript does not know. */
function titleCase(character: string): string {
  const capital = character.toUpperCase()
  if (ownTitle.test(character) || (capital.length > character.length && capital !== character)) {
    throw new UnsupportedTemplate(`the title case of ${JSON.stringify(character)}`)
  }
  return capital
}

export function capitalized(self: string): string {
  const [first = ''] = self
  return (first === '' ? '' : titleCase(first)) + self.slice(first.length).toLowerCase()
}

/** `str.replace`; a count below 0 replaces all. */
export function replaced(self: string, old: string, fresh: string, count: number, budget: Budget): string {
  const parts = old === '' ? ['', ...self, ''] : self.split(old)
  const cuts = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1)
  budget.items(parts.length)
  budget.text(self.length + cuts * fresh.length)
  return (
    parts.slice(0, cuts + 1).join(fresh) +
    parts
      .slice(cuts + 1)
      .map((each) => old + each)
      .join('')
  )
}

export function joined(separator: string, items: Value[], budget: Budget): Value {
  const parts = items.map((item, i) => {
    if (!isText(item)) throw new TemplateError(`sequence item ${i}: expected str instance, ${typeName(item)} found`)
    return item.value
  })
  return text(joinTexts(separator, parts, budget))
}

export function joinTexts(separator: string, parts: string[], budget: Budget): string {
  budget.text(parts.reduce((sum, each) => sum + each.length + separator.length, 0))
  return parts.join(separator)
}

const partition =
  (name: string, find: (self: string, separator: string) => number, whole: (self: string) => string[]): Method =>
  (self, args) => {
    const separator = textOf(name, bind(name, ['/sep'], args)[0])
    if (separator === '') throw new TemplateError('empty separator')
    const at = find(self, separator)
    const parts = at < 0 ? whole(self) : [self.slice(0, at), separator, self.slice(at + separator.length)]
    return new Tuple(parts.map(text))
  }

const swapped = (character: string): string => {
  const low = character.toLowerCase()
  return character === low ? character.toUpperCase() : low
}

export const textMethods: Record<string, Method> = {
  upper: simple('upper', (self) => self.toUpperCase()),
  lower: simple('lower', (self) => self.toLowerCase()),
  title: simple('title', titled),
  capitalize: simple('capitalize', capitalized),
  swapcase: simple('swapcase', (self) => Array.from(self, swapped).join('')),
  strip: stripping('strip', strip),
  lstrip: stripping('lstrip', stripStart),
  rstrip: stripping('rstrip', stripEnd),
  split: splitting('split', false),
  rsplit: splitting('rsplit', true),
  splitlines(self, args, budget) {
    const [keep] = bind('splitlines', ['keepends?'], args)
    return texts(splitLines(self, keep !== undefined && truth(keep)), budget)
  },
  startswith: affix('startswith', (self, prefix) => self.startsWith(prefix)),
  endswith: affix('endswith', (self, suffix) => self.endsWith(suffix)),
  removeprefix(self, args) {
    const prefix = textOf('removeprefix', bind('removeprefix', ['/prefix'], args)[0])
    return text(self.startsWith(prefix) ? self.slice(prefix.length) : self)
  },
  removesuffix(self, args) {
    const suffix = textOf('removesuffix', bind('removesuffix', ['/suffix'], args)[0])
    return text(suffix !== '' && self.endsWith(suffix) ? self.slice(0, -suffix.length) : self)
  },
  replace(self, args, budget) {
    const [old, fresh, count] = bind('replace', ['/old', '/new', 'count?'], args)
    const times = count === undefined ? -1 : wholeOf('replace', count)
    return text(replaced(self, textOf('replace', old), textOf('replace', fresh), times, budget))
  },
  find: finding('find', (self, wanted) => self.indexOf(wanted)),
  rfind: finding('rfind', (self, wanted) => self.lastIndexOf(wanted)),
  index: finding('index', (self, wanted) => self.indexOf(wanted), 'substring not found'),
  rindex: finding('rindex', (self, wanted) => self.lastIndexOf(wanted), 'substring not found'),
  count(self, args) {
    const [wanted, start, end] = bind('count', ['/sub', '/start?', '/end?'], args)
    const { piece, from } = part('count', self, start, end)
    const sought = textOf('count', wanted)
    if (from > codePoints(self)) return int(0)
    return int(sought === '' ? codePoints(piece) + 1 : piece.split(sought).length - 1)
  },
  join: (self, args, budget) => joined(self, iterate(bind('join', ['/iterable'], args)[0]!, budget), budget),
  partition: partition(
    'partition',
    (self, separator) => self.indexOf(separator),
    (self) => [self, '', ''],
  ),
  rpartition: partition(
    'rpartition',
    (self, separator) => self.lastIndexOf(separator),
    (self) => ['', '', self],
  ),
  ljust: padding('ljust', (self, missing, fill) => self + fill.repeat(missing)),
  rjust: padding('rjust', (self, missing, fill) => fill.repeat(missing) + self),
  center: padding('center', centered),
  zfill(self, args, budget) {
    const width = wholeOf('zfill', bind('zfill', ['/width'], args)[0]!)
    const missing = Math.max(0, width - codePoints(self))
    budget.text(self.length + missing)
    const sign = /^[+-]/.exec(self)?.[0] ?? ''
    return text(sign + '0'.repeat(missing) + self.slice(sign.length))
  },
  isalpha: every('isalpha', /^\p{L}$/u),
  isdecimal: every('isdecimal', /^\p{Nd}$/u),
  isspace: simple('isspace', (self) => self !== '' && strip(self) === ''),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
  isascii: simple('isascii', (self) => /^[\x00-\x7f]*$/.test(self)),
  islower: simple('islower', isLower),
  isupper: simple('isupper', isUpper),
  isalnum: simple('isalnum', (self) => only(self, /^[\p{L}\p{Nd}]$/u, /\p{N}/u)),
  isdigit: simple('isdigit', (self) => only(self, /^\p{Nd}$/u, /\p{No}/u)),
  isnumeric: simple('isnumeric', (self) => only(self, /^\p{N}$/u, /\p{Lo}/u)),
}

export function centered(self: string, missing: number, fill: string): string {
  const total = codePoints(self) + missing
  const left = Math.floor(missing / 2) + (missing & total & 1)
  return fill.repeat(left) + self + fill.repeat(missing - left)
}

/** Python counts more as digits than general categories tell; such characters are refused. */
function only(self: string, sure: RegExp, perhaps: RegExp): boolean {
  if (self === '') return false
  for (const character of self) {
    if (sure.test(character)) continue
    if (perhaps.test(character)) throw new UnsupportedTemplate(`the kind of the character ${JSON.stringify(character)}`)
    return false
  }
  return true
}

/** What else a str has in Python. A name outside of both lists is undefined. */
export const otherTextMethods = new Set(
  'casefold encode expandtabs format format_map isidentifier isprintable istitle maketrans translate'.split(' '),
)
