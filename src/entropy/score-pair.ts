/**
 * The pair S*, E[S] in float32. Of a token with p near 1 the two agree to 2 (1 - p) relative: below 1 - p of about 1e-7
 * both round to the same number, and their difference, the centered score Sc, would be 0. Its sign says whether a token's
 * update raises entropy or lowers it, so the pair keeps it.
 */

const float = new Float32Array(1)
const bits = new Int32Array(float.buffer)

/** The float32 next to `value` >= 0, above it (+1) or below (-1). */
function neighbor(value: number, step: 1 | -1): number {
  float[0] = value
  bits[0] += step
  return float[0]
}

/**
 * E[S] as float32, such that S* (as float32) minus it has the sign of Sc: where the two would be equal and Sc is not 0, the
 * neighbor of E[S]. That is off by at most 1.2e-7 relative. A positive Sc beside an E[S] that rounds to 0 is left.
 */
export function pairedExpectation(S: number, expectedS: number, centredS: number): number {
  const rounded = Math.fround(expectedS)
  if (rounded !== Math.fround(S) || centredS === 0) return rounded
  if (centredS < 0) return neighbor(Math.abs(rounded), 1)
  return rounded > 0 ? neighbor(rounded, -1) : rounded
}
