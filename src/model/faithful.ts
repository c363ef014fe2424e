/**
 * Parts of a tokenizer.json that the JavaScript library computes otherwise than Rust's, said in words that both
 * understand alike:
 *
 * - `Digits` and `ByteLevel` split by JavaScript's `\d` and `\s` (a byte order mark is white, a next-line character is
 *   not, digits are 0 to 9). `Split` translates patterns as Unicode has them.
 * - `Prepend` writes before an empty text too.
 * - `Precompiled` knows one set of rules, whatever the file holds. Ours (precompiled.ts) goes before the library.
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

/** The `normalizer` of a tokenizer.json without compiled rules, and these rules (base64) by themselves. */
export function faithfulNormalizer(value: unknown): { normalizer: unknown; rules?: string } {
  if (!isObject(value)) return { normalizer: value }
  if (value.type === 'Precompiled') return { normalizer: null, rules: String(value.precompiled_charsmap) }
  if (value.type === 'Prepend') {
    const start = '(?<![\\s\\S])(?=[\\s\\S])'
    return { normalizer: { type: 'Replace', pattern: { Regex: start }, content: value.prepend } }
  }
  if (value.type !== 'Sequence' || !Array.isArray(value.normalizers)) return { normalizer: value }
  const parts = value.normalizers.map(faithfulNormalizer)
  const normalizers = parts.flatMap(({ normalizer }) => (normalizer === null ? [] : [normalizer]))
  return { normalizer: { ...value, normalizers }, rules: parts.find(({ rules }) => rules !== undefined)?.rules }
}
