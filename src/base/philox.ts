/**
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). Where an ordinary generator has a state that walks, this one is a bijection of a 128-bit counter
 * under a 64-bit key: the number at (seed, step, prompt, sample, position) is computed from those five numbers alone,
 * whatever was drawn before, in whatever order or batch.
 *
 * The seed (up to 53 bits, of which two words are made) is the key; up to four further keys are the counter's words.
 * Streams of {@link rngFrom} live under keys that no {@link uniform} uses (the top bit of the second key word).
 */

/** Four 32-bit words. */
export type Uint32x4 = [number, number, number, number]

const multiplierA = 0xd2511f53
const multiplierB = 0xcd9e8d57
const weylA = 0x9e3779b9
const weylB = 0xbb67ae85
const streamKeyBit = 0x80000000
const twoTo32 = 4294967296
const twoToMinus53 = 2 ** -53

// The last block's words, as signed 32-bit integers: module state so that a draw allocates nothing.
let word0 = 0
let word1 = 0
let word2 = 0
let word3 = 0

/** High 32 bits of the product of two unsigned 32-bit words, from 16-bit halves; every partial sum is below 2^32. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const low = aLow * bLow
  const middle = aHigh * bLow + (low >>> 16)
  const middleLow = aLow * bHigh + (middle & 0xffff)
  return (aHigh * bHigh + (middle >>> 16) + (middleLow >>> 16)) | 0
}

function block(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number): void {
  for (let round = 0; round < 10; round++) {
    const highA = multiplyHigh(multiplierA, c0)
    const lowA = Math.imul(multiplierA, c0)
    const highB = multiplyHigh(multiplierB, c2)
    const lowB = Math.imul(multiplierB, c2)
    c0 = highB ^ c1 ^ k0
    c1 = lowB
    c2 = highA ^ c3 ^ k1
    c3 = lowA
    k0 = (k0 + weylA) | 0
    k1 = (k1 + weylB) | 0
  }
  word0 = c0
  word1 = c1
  word2 = c2
  word3 = c3
}

const seedHigh = (seed: number): number => Math.floor(seed / twoTo32) & 0x1fffff

/** The raw bijection: ten rounds over `counter` under `key`, words unsigned. */
export function philox4x32(counter: Readonly<Uint32x4>, key: readonly [number, number]): Uint32x4 {
  block(counter[0] | 0, counter[1] | 0, counter[2] | 0, counter[3] | 0, key[0] | 0, key[1] | 0)
  return [word0 >>> 0, word1 >>> 0, word2 >>> 0, word3 >>> 0]
}

/**
 * A uniform number in [0, 1) with 53 random bits, a pure function of its arguments.
 * `seed` is an integer of at most 53 bits; the keys are integers taken modulo 2^32, a missing one is 0.
 */
export function uniform(seed: number, a = 0, b = 0, c = 0, d = 0): number {
  block(a | 0, b | 0, c | 0, d | 0, seed | 0, seedHigh(seed))
  return ((word0 >>> 5) * 67108864 + (word1 >>> 6)) * twoToMinus53
}

/**
 * A stream of uniform numbers in [0, 1), 53 bits each, that depends on (seed, a, b, c, d) alone: the keys are hashed to
 * a 64-bit key, under which the counter counts. Period 2^33 draws.
 */
export function rngFrom(seed: number, a = 0, b = 0, c = 0, d = 0): () => number {
  block(a | 0, b | 0, c | 0, d | 0, seed | 0, seedHigh(seed) | streamKeyBit)
  const key0 = word0
  const key1 = word1
  let count = 0
  let second = -1
  return () => {
    if (second >= 0) {
      const value = second
      second = -1
      return value
    }
    block(count, 0, 0, 0, key0, key1)
    count = (count + 1) | 0
    second = ((word2 >>> 5) * 67108864 + (word3 >>> 6)) * twoToMinus53
    return ((word0 >>> 5) * 67108864 + (word1 >>> 6)) * twoToMinus53
  }
}
