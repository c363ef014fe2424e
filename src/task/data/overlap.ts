/** Which problems of one set stand in another, whole or in part. */
import { commonWords, nGrams, problemKey, type ShortForm, shortForm } from './identity.js'

/** A pair that shares text. */
export interface OverlapPair {
  /** Index in the set that was indexed (a benchmark). */
  known: number
  /** Index in the set that was looked through (training). */
  other: number
  /** The normalised texts are equal. */
  exact: boolean
  /** Share of the shorter text's n-grams that the other has; of two short texts with one formula, of their words. 0 to 1. */
  share: number
}

/** From this share on two problems count as near duplicates. */
export const nearDuplicateShare = 0.5

/**
 * Two short texts with one formula are near duplicates from this share of common words on: one of six words may differ. It may be
 * the one that matters ("sum" for "product"); a training problem lost is cheaper than a held-out one that leaks.
 */
const nearWords = 0.7

/** Short texts by their formula and their words: a single other word may break all n-grams of such a text. */
class ShortTexts {
  readonly #byWord = new Map<string, number[]>()
  readonly #forms = new Map<number, ShortForm>()

  add(i: number, text: string): void {
    const form = shortForm(text)
    if (form === undefined) return
    this.#forms.set(i, form)
    for (const word of form.words) {
      const key = `${form.formula}\n${word}`
      const list = this.#byWord.get(key)
      if (list === undefined) this.#byWord.set(key, [i])
      else list.push(i)
    }
  }

  /** Those that are near duplicates of a text, with the share of common words. */
  near(text: string): Map<number, number> {
    const form = shortForm(text)
    const found = new Map<number, number>()
    if (form === undefined) return found
    for (const word of form.words) {
      for (const i of this.#byWord.get(`${form.formula}\n${word}`) ?? []) {
        if (found.has(i)) continue
        const share = commonWords(form.words, this.#forms.get(i)!.words)
        if (share >= nearWords) found.set(i, share)
      }
    }
    return found
  }
}

/**
 * Pairs that are equal or share an n-gram, or are short and almost the same, in the order of `others`. Memory grows with the n-grams of `known`
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
  const short = new ShortTexts()
  known.forEach((text, i) => {
    short.add(i, text)
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
    const alike = short.near(text)
    for (const i of new Set([...equal, ...shared.keys(), ...alike.keys()])) {
      const exact = equal.has(i)
      const ofGrams = (shared.get(i) ?? 0) / Math.max(1, Math.min(own.size, sizes[i]!))
      const share = exact ? 1 : ofGrams >= nearDuplicateShare ? ofGrams : Math.max(ofGrams, alike.get(i) ?? 0)
      pairs.push({ known: i, other, exact, share })
    }
    other++
  }
  return pairs
}
