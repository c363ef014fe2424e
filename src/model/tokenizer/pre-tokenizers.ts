/** The pre-tokenizers of a tokenizer.json, as the tokenizers library (Rust) computes them. */
import { shown } from '../../base/shown.js'
import { isObject, type JsonObject } from '../json.js'
import { byteCharacters } from './bytes.js'
import { translatePattern, Unsupported } from './oniguruma.js'
import { type Behavior, behaviorOf, cutsOf, type FindMatches, inverted, matchesOf, patternOf } from './split.js'
import { rustNumeric, rustWord } from './unicode.js'

/** A stretch of normalized text. `atStart`: it begins where the whole text begins. */
export interface Piece {
  text: string
  atStart: boolean
}

export type PreTokenizer = (pieces: Piece[]) => Piece[]

export const gpt2Pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

const deepest = 16

/** @throws Unsupported for a pre-tokenizer that is not computed as the library does */
export function createPreTokenizer(value: unknown, depth = 0): PreTokenizer | undefined {
  if (value == null) return undefined
  if (!isObject(value)) throw new Unsupported('its form')
  if (depth > deepest) throw new Unsupported(`nesting deeper than ${deepest}`)
  switch (value.type) {
    case 'Sequence': {
      if (!Array.isArray(value.pretokenizers)) throw new Unsupported('a sequence without a list')
      const parts = value.pretokenizers.flatMap((each) => createPreTokenizer(each, depth + 1) ?? [])
      return (pieces) => parts.reduce((before, part) => part(before), pieces)
    }
    case 'ByteLevel':
      return byteLevel(value)
    case 'Split': {
      const find = patternOf(value.pattern)
      return splitter(value.invert === true ? inverted(find) : find, behaviorOf(value.behavior))
    }
    case 'Digits': {
      const find = matchesOf(new RegExp(rustNumeric, 'gv'))
      return splitter(find, value.individual_digits === true ? 'isolated' : 'contiguous')
    }
    case 'Whitespace': {
      const find = matchesOf(new RegExp(`${rustWord}+|[^${rustWord}\\p{White_Space}]+`, 'gv'))
      return splitter(inverted(find), 'removed')
    }
    case 'WhitespaceSplit':
      return splitter(matchesOf(/\p{White_Space}/gu), 'removed')
    case 'CharDelimiterSplit':
      return splitter(patternOf({ String: characterOf(value.delimiter) }), 'removed')
    case 'Metaspace':
      return metaspace(value)
    case 'FixedLength':
      return fixedLength(value.length)
    default:
      throw new Unsupported(`the type ${shown(value.type)}`)
  }
}

/**
 * Whether a pre-tokenizer asks where its text begins.
 * @throws Unsupported where another one before it prepends, since what it prepends begins there too
 */
export function asksForStart(value: unknown): boolean {
  const parts = flattened(value)
  const asking = parts.findIndex((part) => part.type === 'Metaspace' && prependScheme(part) === 'first')
  if (parts.slice(0, Math.max(0, asking)).some(({ type }) => type === 'ByteLevel' || type === 'Metaspace')) {
    throw new Unsupported('the prepend_scheme "first" behind one that prepends')
  }
  return asking >= 0
}

const flattened = (value: unknown): JsonObject[] => {
  if (!isObject(value)) return []
  return value.type === 'Sequence' && Array.isArray(value.pretokenizers)
    ? value.pretokenizers.flatMap(flattened)
    : [value]
}

const cut = ({ text, atStart }: Piece, find: FindMatches, behavior: Behavior): Piece[] =>
  cutsOf(text, find, behavior).map(([start, end]) => ({
    text: text.slice(start, end),
    atStart: atStart && start === 0,
  }))

const splitter =
  (find: FindMatches, behavior: Behavior): PreTokenizer =>
  (pieces) =>
    pieces.flatMap((piece) => cut(piece, find, behavior))

function characterOf(value: unknown): string {
  if (typeof value === 'string' && Array.from(value).length === 1) return value
  throw new Unsupported(`${shown(value)} in place of a character`)
}

function byteLevel({ add_prefix_space, use_regex }: JsonObject): PreTokenizer {
  const find = use_regex === false ? undefined : matchesOf(translatePattern(gpt2Pattern))
  const prefix = add_prefix_space !== false
  return (pieces) =>
    pieces.flatMap(({ text, atStart }) => {
      const whole = prefix && !text.startsWith(' ') ? ` ${text}` : text
      const parts = find === undefined ? [{ text: whole, atStart }] : cut({ text: whole, atStart }, find, 'isolated')
      return parts.map((part) => ({ ...part, text: byteCharacters(part.text) }))
    })
}

const prependSchemes = ['always', 'first', 'never'] as const

/** An older file says whether to prepend by `add_prefix_space`. */
function prependScheme({ prepend_scheme, add_prefix_space }: JsonObject): (typeof prependSchemes)[number] {
  if (prepend_scheme === undefined) return add_prefix_space === false ? 'never' : 'always'
  const scheme = prependSchemes.find((name) => name === prepend_scheme)
  if (scheme === undefined) throw new Unsupported(`the prepend_scheme ${shown(prepend_scheme)}`)
  if (add_prefix_space === false && scheme !== 'never') {
    throw new Unsupported(`add_prefix_space false beside prepend_scheme ${shown(scheme)}`)
  }
  return scheme
}

function metaspace(value: JsonObject): PreTokenizer {
  const replacement = characterOf(value.replacement ?? '▁')
  const scheme = prependScheme(value)
  const find = value.split === false ? undefined : patternOf({ String: replacement })
  return (pieces) =>
    pieces.flatMap(({ text, atStart }) => {
      const replaced = text.replaceAll(' ', replacement)
      const prepends = scheme === 'always' || (scheme === 'first' && atStart)
      const whole = prepends && !replaced.startsWith(replacement) ? replacement + replaced : replaced
      const piece = { text: whole, atStart }
      return find === undefined ? [piece] : cut(piece, find, 'mergedwithnext')
    })
}

function fixedLength(length: unknown): PreTokenizer {
  if (!Number.isSafeInteger(length) || (length as number) < 1) throw new Unsupported(`the length ${shown(length)}`)
  return (pieces) =>
    pieces.flatMap((piece) => {
      const characters = Array.from(piece.text)
      const parts: Piece[] = []
      for (let at = 0; at < characters.length; at += length as number) {
        const text = characters.slice(at, at + (length as number)).join('')
        parts.push({ text, atStart: piece.atStart && at === 0 })
      }
      return parts
    })
}
