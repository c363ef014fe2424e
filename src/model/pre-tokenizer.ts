/**
 * Pre-tokenizers as the JavaScript library computes them like Rust's: there `\s` and `\d` of two of them are
 * JavaScript's (a byte order mark is white, a next-line character is not, digits are 0 to 9), where Rust's follow
 * Unicode. Its `Split` translates patterns faithfully, so those two are expressed by it.
 */

import { isObject, type JsonObject } from './json.js'

export const isolatedSplit = (Regex: string): JsonObject => ({
  type: 'Split',
  pattern: { Regex },
  behavior: 'Isolated',
  invert: false,
})

/** The pattern inside Rust's ByteLevel. */
const gpt2Pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/** The `pre_tokenizer` of a tokenizer.json, or an equal one by other means. */
export function faithfulPreTokenizer(value: unknown): unknown {
  if (!isObject(value)) return value
  if (value.type === 'Digits') return isolatedSplit(value.individual_digits ? '\\p{N}' : '\\p{N}+')
  if (value.type === 'ByteLevel' && value.use_regex !== false && value.add_prefix_space !== true) {
    return { type: 'Sequence', pretokenizers: [isolatedSplit(gpt2Pattern), { ...value, use_regex: false }] }
  }
  if (value.type === 'Sequence' && Array.isArray(value.pretokenizers)) {
    return { ...value, pretokenizers: value.pretokenizers.map(faithfulPreTokenizer) }
  }
  return value
}
