import { closest, distance } from 'fastest-levenshtein'

/** Spelling that matters: case, `_` and `-` are forgiven (max_new_tokens is near maxNewTokens). */
export const plain = (key: string) => key.toLowerCase().replaceAll(/[_-]/g, '')

/** The candidate that `word` most resembles, if it resembles one at all: an edit distance of a third of its length, at least 2. */
export function near(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined
  const best = closest(plain(word), candidates.map(plain))
  const allowed = word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))
  if (distance(plain(word), best) > Math.min(allowed, word.length - 1)) return undefined
  return candidates.find((candidate) => plain(candidate) === best)
}
