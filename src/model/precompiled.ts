/**
 * Sentencepiece's compiled normalization rules: a trie (Darts' double array) from UTF-8 to offsets into a block of
 * replacements, each ended by a zero byte.
 *
 *     u32 trie bytes | trie: u32 units | replacements
 */

import { UserError } from '../base/errors.js'

/** @throws UserError where the rules are malformed */
export function precompiledNormalizer(base64: string, where: string): (text: string) => string {
  const bytes = Buffer.from(base64, 'base64')
  const trieBytes = bytes.length < 4 ? 0 : bytes.readUInt32LE(0)
  if (trieBytes < 4 || trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length) {
    throw new UserError(`${where}: its compiled normalization rules are malformed`)
  }
  const units = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i))
  const replacements = bytes.subarray(4 + trieBytes)
  const replacement = (offset: number): string => {
    const end = replacements.indexOf(0, offset)
    return replacements.toString('utf8', offset, end === -1 ? replacements.length : end)
  }

  return (text) => {
    const source = Buffer.from(text)
    let normalized = ''
    let at = 0
    while (at < source.length) {
      const match = longestMatch(units, source, at)
      const length = match?.length ?? characterLength(source[at])
      normalized += match ? replacement(match.value) : source.toString('utf8', at, at + length)
      at += length
    }
    return normalized
  }
}

const characterLength = (lead: number): number => (lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4)

/** The longest key of the trie at `start`. A unit holds a label (8 bits), whether a value follows, and an offset. */
function longestMatch(
  units: Uint32Array,
  key: Uint8Array,
  start: number,
): { length: number; value: number } | undefined {
  const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6)
  let node = offsetOf(units[0])
  let longest: { length: number; value: number } | undefined
  for (let at = start; at < key.length; at++) {
    node ^= key[at]
    const unit = units[node]
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== key[at]) break
    node ^= offsetOf(unit)
    if (unit & 0x100) longest = { length: at + 1 - start, value: units[node] & 0x7fffffff }
  }
  return longest
}
