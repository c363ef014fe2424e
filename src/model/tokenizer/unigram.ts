/** The unigram model as the tokenizers library computes it (models/unigram/model.rs, encode_optimized). */
import { shown } from '../../base/shown.js'
import type { JsonObject } from '../json.js'
import { byteToken } from './bpe.js'
import { type Model, Unencodable } from './model.js'
import { Unsupported } from './oniguruma.js'
import { Trie } from './trie.js'

/** What an unknown character costs below the least likely token. */
const unknownPenalty = 10

/** @throws Unsupported for fields that are none of a unigram model */
export function createUnigram({ vocab, unk_id: unknownId, byte_fallback: fallback }: JsonObject): Model {
  if (!Array.isArray(vocab) || vocab.length === 0) throw new Unsupported('a vocabulary that is no list')
  const scores: number[] = []
  const idOf = new Map<string, number>()
  const trie = new Trie()
  const textOf = new Map<number, string>()
  let least = Number.POSITIVE_INFINITY
  for (const [id, entry] of vocab.entries()) {
    const [token, score] = Array.isArray(entry) ? entry : []
    if (typeof token !== 'string' || typeof score !== 'number') {
      throw new Unsupported(`the vocabulary's entry ${shown(entry)}`)
    }
    idOf.set(token, id)
    textOf.set(id, token)
    scores.push(score)
    if (token !== '') trie.add(token)
    least = Math.min(least, score)
  }
  if (unknownId != null && !(Number.isSafeInteger(unknownId) && scores[unknownId as number] !== undefined)) {
    throw new Unsupported(`the unk_id ${String(unknownId)}`)
  }
  const unknown = unknownId == null ? undefined : (unknownId as number)

  /** The most likely way to cut a piece; neighbors that are unknown are one part. */
  const cut = (piece: string): string[] => {
    const best = new Float64Array(piece.length + 1)
    const from = new Int32Array(piece.length + 1).fill(-1)
    const ids = new Int32Array(piece.length + 1)
    for (let at = 0; at < piece.length; ) {
      const length = piece.codePointAt(at)! > 0xffff ? 2 : 1
      let single = false
      const take = (end: number, score: number, id: number): void => {
        const total = score + best[at]
        if (from[end] !== -1 && total <= best[end]) return
        best[end] = total
        from[end] = at
        ids[end] = id
      }
      trie.each(piece, at, (count) => {
        const id = idOf.get(piece.slice(at, at + count))!
        take(at + count, scores[id], id)
        single ||= count === length
      })
      if (!single) {
        if (unknown === undefined) throw new Unencodable(piece.slice(at, at + length))
        take(at + length, least - unknownPenalty, unknown)
      }
      at += length
    }
    const parts: string[] = []
    let unknownEnd = 0
    for (let end = piece.length; end > 0; end = from[end]) {
      if (ids[end] === unknown) {
        unknownEnd ||= end
        continue
      }
      if (unknownEnd > 0) parts.push(piece.slice(end, unknownEnd))
      unknownEnd = 0
      parts.push(piece.slice(from[end], end))
    }
    if (unknownEnd > 0) parts.push(piece.slice(0, unknownEnd))
    return parts.reverse()
  }

  return {
    idOf,
    textOf,
    encode: (piece) =>
      cut(piece).flatMap((part) => {
        const id = idOf.get(part)
        if (id !== undefined) return [id]
        const bytes = fallback === true ? Array.from(Buffer.from(part), (byte) => idOf.get(byteToken(byte))) : []
        if (bytes.length > 0 && bytes.every((byte) => byte !== undefined)) return bytes as number[]
        if (unknown === undefined) throw new Unencodable(part)
        return [unknown]
      }),
  }
}
