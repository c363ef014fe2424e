/** Holding problems out of training: by a rule that sees nothing but a problem's text and the seed. */
import { createHash } from 'node:crypto'
import { nearDuplicateShare, overlaps } from './overlap.js'
import type { Problem } from './problems.js'

export interface HeldOut {
  heldOut: Problem[]
  train: Problem[]
  /** Problems in neither: they share at least half of their n-grams with one that is held out. */
  near: Problem[]
}

/** The rule in words, as manifests and the docs state it. */
export const holdOutRule =
  'distinct problems (equal normalised texts are one) in the order of SHA-256(seed + newline + key), key = SHA-256 of ' +
  'the normalised text, both hexadecimal; the first ones are held out, and what shares half of its 13-grams of words ' +
  'with one of them is left out of training, and so is a text below 39 words with the numbers and operations of one of them and 70 % of its words'

/** `problems`: distinct ones, in any order. */
export function holdOut(problems: readonly Problem[], count: number, seed: number): HeldOut {
  const ranked = problems
    .map((problem) => ({ problem, rank: createHash('sha256').update(`${seed}\n${problem.key}`).digest('hex') }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
  const chosen = new Set(ranked.slice(0, count).map(({ problem }) => problem))
  const heldOut = problems.filter((problem) => chosen.has(problem))
  const rest = problems.filter((problem) => !chosen.has(problem))
  const pairs = overlaps(
    heldOut.map(({ text }) => text),
    rest.map(({ text }) => text),
  )
  const near = new Set(pairs.filter(({ share }) => share >= nearDuplicateShare).map(({ other }) => rest[other]!))
  return { heldOut, train: rest.filter((problem) => !near.has(problem)), near: [...near] }
}
