/**
 * Sentencepiece's compiled normalization rules: a trie (Darts' double array) from UTF-8 to offsets into a block of
 * replacements, each ended by a zero byte.
 *
 *     u32 trie bytes | trie: u32 units | replacements
 *
 * Sentencepiece applies the rule with the longest key at every place. The tokenizers library looks up whole graphemes
 * of less than 6 bytes, then their characters: a key of several characters does not match across graphemes there.
 */

interface Rules {
  /** The replacement for the longest key at `start`, and the key's length in bytes. */
  longest(source: Uint8Array, start: number): { length: number; text: string } | undefined
  /** The replacement for the shortest key that begins `source`, whatever follows. */
  shortest(source: Uint8Array): string | undefined
}

/** @throws Error where the rules are malformed */
function parseRules(base64: string): Rules {
  const bytes = Buffer.from(base64, 'base64')
  const trieBytes = bytes.length < 4 ? 0 : bytes.readUInt32LE(0)
  if (trieBytes < 4 || trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length) {
    throw new Error('its compiled normalization rules are malformed')
  }
  const units = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i))
  const replacements = bytes.subarray(4 + trieBytes)
  const textAt = (offset: number): string => {
    const end = replacements.indexOf(0, offset)
    return replacements.toString('utf8', offset, end === -1 ? replacements.length : end)
  }
  return {
    longest(source, start) {
      let found: { length: number; value: number } | undefined
      for (const match of matches(units, source, start)) found = match
      return found && { length: found.length, text: textAt(found.value) }
    },
    shortest(source) {
      for (const { value } of matches(units, source, 0)) return textAt(value)
      return undefined
    },
  }
}

/** Sentencepiece's way. @throws Error where the rules are malformed */
export function charsmapOfLongest(base64: string): (text: string) => string {
  const rules = parseRules(base64)
  return (text) => {
    const source = Buffer.from(text)
    let normalized = ''
    let at = 0
    while (at < source.length) {
      const match = rules.longest(source, at)
      const length = match?.length ?? characterLength(source[at])
      normalized += match ? match.text : source.toString('utf8', at, at + length)
      at += length
    }
    return normalized
  }
}

/** The tokenizers library's way. @throws Error where the rules are malformed */
export function charsmapOfGraphemes(base64: string): (text: string) => string {
  const rules = parseRules(base64)
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
  return (text) => {
    let normalized = ''
    for (const { segment } of segmenter.segment(text)) {
      const source = Buffer.from(segment)
      const whole = source.length < 6 ? rules.shortest(source) : undefined
      if (whole !== undefined) normalized += whole
      else for (const character of segment) normalized += rules.shortest(Buffer.from(character)) ?? character
    }
    return normalized
  }
}

const characterLength = (lead: number): number => (lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4)

/** The keys of the trie at `start`, shortest first. A unit holds a label (8 bits), whether a value follows, an offset. */
function* matches(units: Uint32Array, key: Uint8Array, start: number): Generator<{ length: number; value: number }> {
  const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6)
  let node = offsetOf(units[0])
  for (let at = start; at < key.length; at++) {
    node ^= key[at]
    const unit = units[node]
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== key[at]) return
    node ^= offsetOf(unit)
    if (unit & 0x100) yield { length: at + 1 - start, value: units[node] & 0x7fffffff }
  }
}
