/** Which problems of one set stand in another, whole or in part. */
import { nGrams, problemKey } from './identity.js'

/** A pair that shares text. */
export interface OverlapPair {
  /** Index in the set that was indexed (a benchmark). */
  known: number
  /** Index in the set that was looked through (training). */
  other: number
  /** The normalised texts are equal. */
  exact: boolean
  /** Share of the shorter text's n-grams that the other has, 0 to 1. */
  share: number
}

/** From this share on two problems count as near duplicates. */
export const nearDuplicateShare = 0.5

/**
 * Pairs that are equal or share an n-gram, in the order of `others`. Memory grows with the n-grams of `known`
 * alone; `others` is walked once.
 */
export function overlaps(known: readonly string[], others: Iterable<string>): OverlapPair[] {
  const keys = new Map<string, number[]>()
  const grams = new Map<string, number[]>()
  const sizes: number[] = []
  const push = (index: Map<string, number[]>, key: string, value: number) => {
    const list = index.get(key)
    if (list === undefined) index.set(key, [value])
    else list.push(value)
  }
  known.forEach((text, i) => {
    push(keys, problemKey(text), i)
    const own = nGrams(text)
    sizes.push(own.size)
    for (const gram of own) push(grams, gram, i)
  })
  const pairs: OverlapPair[] = []
  let other = 0
  for (const text of others) {
    const shared = new Map<number, number>()
    const own = nGrams(text)
    for (const gram of own) for (const i of grams.get(gram) ?? []) shared.set(i, (shared.get(i) ?? 0) + 1)
    const equal = new Set(keys.get(problemKey(text)))
    for (const i of new Set([...equal, ...shared.keys()])) {
      const exact = equal.has(i)
      const share = exact ? 1 : (shared.get(i) ?? 0) / Math.min(own.size, sizes[i]!)
      pairs.push({ known: i, other, exact, share })
    }
    other++
  }
  return pairs
}
