/** The decoders of a tokenizer.json, as the tokenizers library (Rust) computes them: tokens to texts, in steps. */
import { shown } from '../../base/shown.js'
import { isObject } from '../json.js'
import { bytesOfCharacters } from './bytes.js'
import { Unsupported } from './oniguruma.js'
import { patternOf } from './split.js'

export type Decoder = (tokens: string[]) => string[]

const deepest = 16

/** @throws Unsupported for a decoder that is not computed as the library does */
export function createDecoder(value: unknown, depth = 0): Decoder {
  // Without one, tokens are words.
  if (value == null) return (tokens) => [tokens.join(' ')]
  if (!isObject(value)) throw new Unsupported('its form')
  if (depth > deepest) throw new Unsupported(`nesting deeper than ${deepest}`)
  switch (value.type) {
    case 'Sequence': {
      if (!Array.isArray(value.decoders)) throw new Unsupported('a sequence without a list')
      const parts = value.decoders.map((each) => createDecoder(each, depth + 1))
      return (tokens) => parts.reduce((before, part) => part(before), tokens)
    }
    case 'ByteLevel':
      return byteLevel()
    case 'ByteFallback':
      return byteFallback
    case 'Fuse':
      return (tokens) => [tokens.join('')]
    case 'Replace': {
      const { content = '' } = value
      if (typeof content !== 'string') throw new Unsupported(`the replacement ${shown(content)}`)
      const find = patternOf(value.pattern)
      const replaced = (token: string) =>
        find(token).reduce((text, [start, end, is]) => {
          if (is && start === end) throw new Unsupported('a replacement for an empty match (decoder)')
          return text + (is ? content : token.slice(start, end))
        }, '')
      return (tokens) => tokens.map(replaced)
    }
    case 'Strip':
      return strip(value.content, value.start, value.stop)
    case 'Metaspace':
      return metaspace(value.replacement ?? '▁', value.prepend_scheme ?? value.add_prefix_space)
    default:
      throw new Unsupported(`the type ${shown(value.type)}`)
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
function byteLevel(): Decoder {
  const known = new Map<string, Uint8Array>()
  const bytesOf = (token: string): Uint8Array => {
    let bytes = known.get(token)
    if (bytes === undefined) {
      bytes = bytesOfCharacters(token)
      known.set(token, bytes)
    }
    return bytes
  }
  return (tokens) => [utf8.decode(Buffer.concat(tokens.map(bytesOf)))]
}

const strictUtf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

/** Runs of `<0x41>` become text; one that is no UTF-8, a replacement character for each byte. */
function byteFallback(tokens: string[]): string[] {
  const texts: string[] = []
  let bytes: number[] = []
  const finish = (): void => {
    if (bytes.length === 0) return
    try {
      texts.push(strictUtf8.decode(Uint8Array.from(bytes)))
    } catch {
      texts.push(...bytes.map(() => '\ufffd'))
    }
    bytes = []
  }
  for (const token of tokens) {
    const [, digits] = /^<0x([0-9A-Fa-f]{2}|\+[0-9A-Fa-f])>$/.exec(token) ?? []
    if (digits !== undefined) bytes.push(Number.parseInt(digits, 16))
    else {
      finish()
      texts.push(token)
    }
  }
  finish()
  return texts
}

function strip(content: unknown, start: unknown, stop: unknown): Decoder {
  const counts = [start ?? 0, stop ?? 0]
  if (typeof content !== 'string' || Array.from(content).length !== 1 || !counts.every(Number.isSafeInteger)) {
    throw new Unsupported('what it strips')
  }
  const [from, to] = counts as number[]
  return (tokens) =>
    tokens.map((token) => {
      const characters = Array.from(token)
      let begin = 0
      let end = characters.length
      while (begin < from && characters[begin] === content) begin++
      while (characters.length - end < to && end > begin && characters[end - 1] === content) end--
      return characters.slice(begin, end).join('')
    })
}

/** `scheme`: a prepend_scheme, or whether there is a prefix space. */
function metaspace(replacement: unknown, scheme: unknown): Decoder {
  if (typeof replacement !== 'string' || Array.from(replacement).length !== 1) throw new Unsupported('its replacement')
  const prefixed = scheme !== 'never' && scheme !== false
  return (tokens) => tokens.map((token, i) => token.replaceAll(replacement, i === 0 && prefixed ? '' : ' '))
}
