/** Byte-pair encoding as the tokenizers library computes it (models/bpe/model.rs and word.rs). */
import { shown } from '../../base/shown.js'
import type { JsonObject } from '../json.js'
import { type Model, reversed, Unencodable, vocabularyOf } from './model.js'
import { Unsupported } from './oniguruma.js'

/** Ids stay below it, so that two of them make one number. */
const idLimit = 2 ** 24
const pair = (left: number, right: number): number => left * idLimit + right

interface Merges {
  /** Rank by pair of ids; a lower rank merges first. */
  ranks: Map<number, number>
  /** The merged id, by rank. */
  ids: number[]
}

/** @throws Unsupported for fields that this does not compute, Error for merges of tokens that are not there */
export function createBpe(value: JsonObject): Model {
  if (value.dropout != null && value.dropout !== 0) throw new Unsupported(`the dropout ${shown(value.dropout)}`)
  const idOf = vocabularyOf(value.vocab)
  const prefix = optionalText(value, 'continuing_subword_prefix')
  const suffix = optionalText(value, 'end_of_word_suffix')
  const unknown = optionalText(value, 'unk_token')
  const merges = readMerges(value.merges, idOf, prefix)
  const byteIds = value.byte_fallback === true ? fallbackIds(idOf) : undefined
  const symbols = (piece: string): number[] =>
    symbolsOf(piece, { idOf, prefix, suffix, unknown, fuses: value.fuse_unk === true, byteIds })

  const cache = new Map<string, number[]>()
  return {
    idOf,
    textOf: reversed(idOf),
    encode(piece) {
      if (value.ignore_merges === true) {
        const whole = idOf.get(piece)
        if (whole !== undefined) return [whole]
      }
      const known = cache.get(piece)
      if (known !== undefined) return known
      const ids = merge(symbols(piece), merges)
      if (piece.length < 256) {
        if (cache.size > 100_000) cache.clear()
        cache.set(piece, ids)
      }
      return ids
    },
  }
}

function optionalText(value: JsonObject, field: string): string | undefined {
  const text = value[field]
  if (text == null || text === '') return undefined
  if (typeof text === 'string') return text
  throw new Unsupported(`the ${field} ${shown(text)}`)
}

function readMerges(list: unknown, idOf: ReadonlyMap<string, number>, prefix = ''): Merges {
  if (!Array.isArray(list)) throw new Unsupported('merges that are no list')
  const merges: Merges = { ranks: new Map(), ids: [] }
  const idAt = (token: string): number => {
    const id = idOf.get(token)
    if (id === undefined) throw new Error(`its merges make ${shown(token)}, which is no token`)
    if (id >= idLimit) throw new Unsupported(`the id ${id}`)
    return id
  }
  const skipped = Array.from(prefix).length
  for (const [rank, entry] of list.entries()) {
    const parts: unknown[] = typeof entry === 'string' ? entry.split(' ') : Array.isArray(entry) ? entry : []
    const [left, right] = parts
    if (parts.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      throw new Error(`its merges have ${shown(entry)}, which is no pair`)
    }
    const rest = skipped === 0 ? right : Array.from(right).slice(skipped).join('')
    merges.ranks.set(pair(idAt(left), idAt(right)), rank)
    merges.ids[rank] = idAt(left + rest)
  }
  return merges
}

/** Ids of `<0x00>` to `<0xFF>`; undefined where there is no such token. */
const fallbackIds = (idOf: ReadonlyMap<string, number>): (number | undefined)[] =>
  Array.from({ length: 256 }, (_, byte) => idOf.get(byteToken(byte)))

export const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`

interface SymbolOptions {
  idOf: ReadonlyMap<string, number>
  prefix?: string
  suffix?: string
  unknown?: string
  fuses: boolean
  byteIds?: (number | undefined)[]
}

/** The ids of a piece's characters, before any merge. */
function symbolsOf(
  piece: string,
  { idOf, prefix = '', suffix = '', unknown, fuses, byteIds }: SymbolOptions,
): number[] {
  const ids: number[] = []
  /** An unknown token that waits: characters of bytes go before it, as in the library. */
  let waiting: number | undefined
  let at = 0
  for (const character of piece) {
    at += character.length
    const text = `${at > character.length ? prefix : ''}${character}${at === piece.length ? suffix : ''}`
    const id = idOf.get(text)
    if (id !== undefined) {
      if (waiting !== undefined) ids.push(waiting)
      waiting = undefined
      ids.push(id)
      continue
    }
    const bytes = byteIds && Array.from(Buffer.from(text), (byte) => byteIds[byte])
    if (bytes?.every((byte) => byte !== undefined)) {
      ids.push(...(bytes as number[]))
      continue
    }
    const unknownId = unknown === undefined ? undefined : idOf.get(unknown)
    if (unknownId === undefined) throw new Unencodable(character)
    if (waiting !== undefined && !fuses) ids.push(waiting)
    waiting = unknownId
  }
  if (waiting !== undefined) ids.push(waiting)
  return ids
}

/** Merges pairs by rank, equal ranks from left to right. */
function merge(symbols: number[], { ranks, ids }: Merges): number[] {
  const count = symbols.length
  if (count < 2) return symbols
  const previous = Int32Array.from({ length: count }, (_, i) => i - 1)
  const next = Int32Array.from({ length: count }, (_, i) => (i + 1 < count ? i + 1 : -1))
  const removed = new Uint8Array(count)
  const queue = new Queue()
  const push = (at: number): void => {
    const rank = ranks.get(pair(symbols[at], symbols[next[at]]))
    if (rank !== undefined) queue.push(rank * 2 ** 31 + at)
  }
  for (let at = 0; at + 1 < count; at++) push(at)
  for (let top = queue.pop(); top !== undefined; top = queue.pop()) {
    const rank = Math.floor(top / 2 ** 31)
    const at = top - rank * 2 ** 31
    const right = next[at]
    if (removed[at] === 1 || right === -1) continue
    // An entry from before a neighbor changed counts only where it makes the same token.
    const now = ranks.get(pair(symbols[at], symbols[right]))
    if (now === undefined || ids[now] !== ids[rank]) continue
    symbols[at] = ids[rank]
    removed[right] = 1
    next[at] = next[right]
    if (next[right] !== -1) previous[next[right]] = at
    if (previous[at] !== -1) push(previous[at])
    if (next[at] !== -1) push(at)
  }
  return symbols.filter((_, i) => removed[i] === 0)
}

/** A binary heap of numbers, smallest first. */
class Queue {
  readonly #heap: number[] = []

  push(value: number): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(value)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (heap[parent] <= value) break
      heap[at] = heap[parent]
      at = parent
    }
    heap[at] = value
  }

  pop(): number | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1] < heap[child]) child++
      if (heap[child] >= last) break
      heap[at] = heap[child]
      at = child
    }
    heap[at] = last
    return top
  }
}
