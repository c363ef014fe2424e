/**
 * Rotary position embedding. Head dimension j and j + D/2 of a query or key form a plane that position t rotates by
 * t * f_j. Here the two are stored next to each other (parameters.ts reorders the rows of the projections), so a
 * rotation is one complex product with e^{i t f_j}.
 */

import { UserError } from '../base/errors.js'
import { cpu, type Device, fromData, indexSelect, keep, scope, type Tensor, viewAsComplex } from '../torch/index.js'
import type { RopeConfig } from './types.js'

/**
 * Frequencies f_j, radians per position, j = 0 .. headDim/2 - 1: theta^(-2j/headDim), scaled as the config says.
 * Rounded to float32 where transformers rounds, so that long contexts agree with it.
 */
export function ropeFrequencies(rope: RopeConfig, headDim: number): Float32Array {
  const half = headDim / 2
  const base = Float32Array.from({ length: half }, (_, j) => 1 / Math.fround(rope.theta ** ((2 * j) / headDim)))
  const { scaling } = rope
  switch (scaling.type) {
    case 'none':
    // Within the original length dynamic NTK scaling changes nothing; longer sequences are refused by RopeTable.
    case 'dynamic':
      return base
    case 'linear':
      return base.map((f) => f / scaling.factor)
    case 'llama3': {
      const { factor, lowFreqFactor, highFreqFactor, originalMaxPositionEmbeddings: original } = scaling
      return base.map((f) => {
        const wavelength = (2 * Math.PI) / f
        if (wavelength < original / highFreqFactor) return f
        if (wavelength > original / lowFreqFactor) return f / factor
        const smooth = (original / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor)
        return ((1 - smooth) * f) / factor + smooth * f
      })
    }
    case 'yarn': {
      // Peng et al., 2023 (YaRN): interpolate slow dimensions, keep fast ones, blend linearly between.
      const { factor, betaFast, betaSlow, originalMaxPositionEmbeddings: original, truncate } = scaling
      const dimensionOf = (rotations: number) =>
        (headDim * Math.log(original / (rotations * 2 * Math.PI))) / (2 * Math.log(rope.theta))
      let low = dimensionOf(betaFast)
      let high = dimensionOf(betaSlow)
      if (truncate) [low, high] = [Math.floor(low), Math.ceil(high)]
      low = Math.max(low, 0)
      high = Math.min(high, headDim - 1)
      if (low === high) high += 0.001
      return base.map((f, j) => {
        const interpolated = Math.min(Math.max((j - low) / (high - low), 0), 1)
        return (f / factor) * interpolated + f * (1 - interpolated)
      })
    }
  }
}

/** e^{i t f_j} for positions 0 .. capacity - 1, grown on demand, as the model's rows ask for it. */
export class RopeTable {
  readonly #frequencies: Float32Array
  readonly #factor: number
  readonly #limit: number
  readonly #device: Device
  #table: Tensor | undefined
  #capacity = 0

  constructor(rope: RopeConfig, headDim: number, device: Device = cpu) {
    this.#frequencies = ropeFrequencies(rope, headDim)
    this.#factor = rope.scaling.type === 'yarn' ? rope.scaling.attentionFactor : 1
    this.#limit = rope.scaling.type === 'dynamic' ? rope.scaling.originalMaxPositionEmbeddings : Infinity
    this.#device = device
  }

  /** cis_T_1_D2, complex64, for int64 positions_T whose largest is `largest`. */
  at(positions_T: Tensor, largest: number): Tensor {
    if (largest >= this.#limit) {
      throw new UserError(`position ${largest} lies beyond the model's original length of ${this.#limit} tokens`, {
        hint: 'dynamic RoPE scaling changes all earlier keys there; keep prompt and completion shorter',
      })
    }
    if (largest >= this.#capacity) this.#grow(largest + 1)
    return scope(() => {
      const rows_T_1_D2_2 = indexSelect(this.#table!, 0, positions_T)
      return viewAsComplex(rows_T_1_D2_2)
    })
  }

  dispose(): void {
    this.#table?.dispose()
  }

  #grow(needed: number): void {
    const capacity = Math.max(1024, 2 ** Math.ceil(Math.log2(needed)))
    const half = this.#frequencies.length
    const values = new Float32Array(capacity * half * 2)
    for (let t = 0, at = 0; t < capacity; t++) {
      for (let j = 0; j < half; j++) {
        const angle = Math.fround(t * this.#frequencies[j])
        values[at++] = Math.cos(angle) * this.#factor
        values[at++] = Math.sin(angle) * this.#factor
      }
    }
    this.#table?.dispose()
    this.#table = keep(fromData(values, [capacity, 1, half, 2], { device: this.#device }))
    this.#capacity = capacity
  }
}
