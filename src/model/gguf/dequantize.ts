/**
 * GGML's block formats to float32. A row is a sequence of blocks; a block holds `values` weights in `bytes` bytes.
 * Formulas as in ggml: q is the small integer, d and m half-precision scales, sc and mn a sub-block's 6-bit ones.
 *
 *     Q4_0  d (q - 8)      Q4_1  d q + m      Q5_0  d (q - 16)      Q5_1  d q + m      Q8_0  d q
 *     Q4_K, Q5_K  d sc q - m mn  (8 sub-blocks of 32)          Q6_K  d sc (q - 32)  (16 sub-blocks of 16)
 *
 * Products of these short factors are exact in float64, so each weight is rounded once, as ggml rounds it.
 */

export type BlockFormatName = 'Q4_0' | 'Q4_1' | 'Q5_0' | 'Q5_1' | 'Q8_0' | 'Q4_K' | 'Q5_K' | 'Q6_K'

export interface BlockFormat {
  /** Weights in a block. */
  values: number
  /** Bytes of a block. */
  bytes: number
  /** Decodes the block at `at` in `source` to `out[to ...]`. */
  decode(source: Uint8Array, at: number, out: Float32Array, to: number): void
}

/** Decodes whole blocks: `out.length` must be the number of weights in `source`. */
export function dequantize(format: BlockFormat, source: Uint8Array, out: Float32Array): void {
  const blocks = source.length / format.bytes
  if (!Number.isInteger(blocks) || blocks * format.values !== out.length) {
    throw new Error(`${source.length} bytes are not ${out.length} weights in blocks of ${format.values}`)
  }
  for (let block = 0; block < blocks; block++) {
    format.decode(source, block * format.bytes, out, block * format.values)
  }
}

/** Every half-precision number as a float64, by its bits. */
const halfToNumber = ((): Float64Array => {
  const table = new Float64Array(2 ** 16)
  for (let bits = 0; bits < table.length; bits++) {
    const sign = bits & 0x8000 ? -1 : 1
    const exponent = (bits >> 10) & 31
    const fraction = bits & 1023
    if (exponent === 31) table[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
    else if (exponent === 0) table[bits] = sign * fraction * 2 ** -24
    else table[bits] = sign * (1024 + fraction) * 2 ** (exponent - 25)
  }
  return table
})()

const half = (source: Uint8Array, at: number): number => halfToNumber[source[at] | (source[at + 1] << 8)]

/** 32 weights; 16 bytes of nibbles hold weights 0..15 low and 16..31 high, an optional 4 bytes their fifth bits. */
function nibbleBlock(hasMinimum: boolean, hasHighBits: boolean): BlockFormat {
  const highAt = hasMinimum ? 4 : 2
  const nibblesAt = highAt + (hasHighBits ? 4 : 0)
  const offset = hasMinimum ? 0 : hasHighBits ? 16 : 8
  return {
    values: 32,
    bytes: nibblesAt + 16,
    decode(source, at, out, to) {
      const d = half(source, at)
      const m = hasMinimum ? half(source, at + 2) : 0
      for (let i = 0; i < 16; i++) {
        const byte = source[at + nibblesAt + i]
        let low = byte & 15
        let high = byte >> 4
        if (hasHighBits) {
          low |= ((source[at + highAt + (i >> 3)] >> (i & 7)) & 1) << 4
          high |= ((source[at + highAt + 2 + (i >> 3)] >> (i & 7)) & 1) << 4
        }
        out[to + i] = d * (low - offset) + m
        out[to + 16 + i] = d * (high - offset) + m
      }
    },
  }
}

/** 256 weights in 8 sub-blocks of 32: half d, half m, 12 bytes of 6-bit scales and minima, [32 bytes of fifth bits], nibbles. */
function superBlock(hasHighBits: boolean): BlockFormat {
  const nibblesAt = hasHighBits ? 48 : 16
  return {
    values: 256,
    bytes: nibblesAt + 128,
    decode(source, at, out, to) {
      const d = half(source, at)
      const m = half(source, at + 2)
      const scales = at + 4
      for (let sub = 0; sub < 8; sub++) {
        let scale: number
        let minimum: number
        if (sub < 4) {
          scale = source[scales + sub] & 63
          minimum = source[scales + sub + 4] & 63
        } else {
          scale = (source[scales + sub + 4] & 15) | ((source[scales + sub - 4] >> 6) << 4)
          minimum = (source[scales + sub + 4] >> 4) | ((source[scales + sub] >> 6) << 4)
        }
        // Two neighbouring sub-blocks share 32 bytes: the even one has the low nibbles.
        const nibbles = at + nibblesAt + (sub >> 1) * 32
        const shift = (sub & 1) * 4
        for (let i = 0; i < 32; i++) {
          let q = (source[nibbles + i] >> shift) & 15
          if (hasHighBits) q |= ((source[at + 16 + i] >> sub) & 1) << 4
          out[to + sub * 32 + i] = d * scale * q - m * minimum
        }
      }
    },
  }
}

/** 256 weights in 16 sub-blocks of 16: 128 bytes of low nibbles, 64 of high bit pairs, 16 signed scales, half d. */
const q6k: BlockFormat = {
  values: 256,
  bytes: 210,
  decode(source, at, out, to) {
    const d = half(source, at + 208)
    for (let i = 0; i < 256; i++) {
      const within = i & 127
      const byte = source[at + (i >> 7) * 64 + (within & 63)]
      const low = within < 64 ? byte & 15 : byte >> 4
      const high = (source[at + 128 + (i >> 7) * 32 + (within & 31)] >> ((within >> 5) * 2)) & 3
      const scale = (source[at + 192 + (i >> 4)] << 24) >> 24
      out[to + i] = d * scale * ((low | (high << 4)) - 32)
    }
  },
}

const q8_0: BlockFormat = {
  values: 32,
  bytes: 34,
  decode(source, at, out, to) {
    const d = half(source, at)
    for (let i = 0; i < 32; i++) out[to + i] = d * ((source[at + 2 + i] << 24) >> 24)
  },
}

export const blockFormats: Readonly<Record<BlockFormatName, BlockFormat>> = {
  Q4_0: nibbleBlock(false, false),
  Q4_1: nibbleBlock(true, false),
  Q5_0: nibbleBlock(false, true),
  Q5_1: nibbleBlock(true, true),
  Q8_0: q8_0,
  Q4_K: superBlock(false),
  Q5_K: superBlock(true),
  Q6_K: q6k,
}
