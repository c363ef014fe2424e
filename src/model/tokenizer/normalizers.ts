/** The normalizers of a tokenizer.json, as the tokenizers library (Rust) computes them. */
import { shown } from '../../base/shown.js'
import { isObject } from '../json.js'
import { byteCharacters } from './bytes.js'
import { Unsupported } from './oniguruma.js'
import { charsmapOfGraphemes, charsmapOfLongest } from './precompiled.js'
import { type FindMatches, patternOf } from './split.js'
import { normalizationForms, toNormalizationForm } from './unicode.js'

export type Normalizer = (text: string) => string

/** Far above what normalization makes of a text, and low enough that no chain of replacements exhausts memory. */
const longestText = 2 ** 26
const deepest = 16

/** Sentencepiece's rules applied as sentencepiece does: a type of our own, for models that came without a tokenizer.json. */
export const charsmapType = 'SentencePieceCharsmap'

/** @throws Unsupported for a normalizer that is not computed as the library does */
export function createNormalizer(value: unknown, depth = 0): Normalizer | undefined {
  if (value == null) return undefined
  if (!isObject(value)) throw new Unsupported('its form')
  if (depth > deepest) throw new Unsupported(`nesting deeper than ${deepest}`)
  const { type } = value
  const form = normalizationForms.find((name) => name === type)
  if (form !== undefined) return (text) => toNormalizationForm(text, form)
  switch (type) {
    case 'Sequence':
      return sequence(value.normalizers, depth)
    case 'Lowercase':
      // Character by character: a final sigma stays an inner one.
      return (text) => Array.from(text, (each) => each.toLowerCase()).join('')
    case 'Strip':
      return strip(value.strip_left === true, value.strip_right === true)
    case 'Replace':
      return replace(patternOf(value.pattern), textOf(value.content))
    case 'Prepend': {
      const start = textOf(value.prepend)
      return (text) => (text === '' ? text : start + text)
    }
    case 'ByteLevel':
      return byteCharacters
    case charsmapType:
      return charsmapOfLongest(textOf(value.precompiled_charsmap))
    case 'Precompiled':
      return charsmapOfGraphemes(textOf(value.precompiled_charsmap))
    default:
      throw new Unsupported(`the type ${shown(type)}`)
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  throw new Unsupported(`${shown(value)} in place of a text`)
}

function sequence(list: unknown, depth: number): Normalizer {
  if (!Array.isArray(list)) throw new Unsupported('a sequence without a list')
  const parts = list.flatMap((each) => createNormalizer(each, depth + 1) ?? [])
  return (text) => parts.reduce((before, part) => limited(part(before)), text)
}

function limited(text: string): string {
  if (text.length <= longestText) return text
  throw new Unsupported(`a text that its normalizer makes longer than ${longestText} characters`)
}

function strip(left: boolean, right: boolean): Normalizer {
  const space = '\\p{White_Space}'
  const ends = [...(left ? [`^${space}+`] : []), ...(right ? [`(?<!${space})${space}+$`] : [])]
  if (ends.length === 0) return (text) => text
  const pattern = new RegExp(ends.join('|'), 'gv')
  return (text) => text.replace(pattern, '')
}

const replace =
  (find: FindMatches, content: string): Normalizer =>
  (text) => {
    let replaced = ''
    for (const [start, end, matches] of find(text)) {
      if (matches && start === end) throw new Unsupported('a replacement for an empty match (normalizer)')
      replaced += matches ? content : text.slice(start, end)
      if (replaced.length > longestText) limited(replaced)
    }
    return replaced
  }
