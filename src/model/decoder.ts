/**
 * The forward pass of a decoder on packed tokens: T rows without padding, whatever sequences they belong to. Only
 * attention knows about sequences, and it is given as a function, so that training (packing.ts), prefill and decoding
 * with a cache share every other line.
 */
import {
  add,
  cat,
  type Device,
  type Dtype,
  indexSelect,
  mul,
  narrow,
  reshape,
  rmsNorm,
  scope,
  silu,
  split,
  type Tensor,
  toDtype,
  viewAsComplex,
  viewAsReal,
} from '../torch/index.js'
import {
  type DecoderParameters,
  disposeParameters,
  type LayerParameters,
  loadParameters,
  type Parameter,
  parameterCount,
  parameterList,
} from './parameters.js'
import { project } from './projection.js'
import { RopeTable } from './rope.js'
import type { DecoderConfig, TensorSource } from './types.js'

/** Attention of one layer over packed rows: queries_T_H_D, keys_T_KV_D, values_T_KV_D to mixed_T_HD. */
export type Attend = (layer: number, queries: Tensor, keys: Tensor, values: Tensor) => Tensor

export class Decoder {
  readonly config: DecoderConfig
  readonly parameters: DecoderParameters
  readonly device: Device
  readonly #rope: RopeTable

  constructor(config: DecoderConfig, parameters: DecoderParameters, device: Device) {
    this.config = config
    this.parameters = parameters
    this.device = device
    this.#rope = new RopeTable(config.rope, config.headDim, device)
  }

  static load(config: DecoderConfig, source: TensorSource, device: Device, dtype: Dtype): Decoder {
    return new Decoder(config, loadParameters(config, source, { device, dtype }), device)
  }

  get dtype(): Dtype {
    return this.parameters.embedding.value.dtype
  }

  get parameterCount(): number {
    return parameterCount(this.parameters)
  }

  list(): Parameter[] {
    return parameterList(this.parameters)
  }

  /** Rows of the embedding for int64 tokens_T: x_T_d. */
  embed(tokens_T: Tensor): Tensor {
    return indexSelect(this.parameters.embedding.value, 0, tokens_T)
  }

  /** e^{i t f} for the positions, shared by all layers. */
  rotations(positions_T: Tensor, largest: number): Tensor {
    return this.#rope.at(positions_T, largest)
  }

  /** All layers and the final norm: hidden_T_d from x_T_d; the head is not applied. */
  hidden(x_T_d: Tensor, cis_T_1_D2: Tensor, attend: Attend): Tensor {
    return scope(() => {
      let x = x_T_d
      for (let index = 0; index < this.config.layers; index++) {
        const next = this.layer(index, x, cis_T_1_D2, attend)
        // The embedding rows are the caller's; everything after is ours to free as soon as it is used.
        if (x !== x_T_d) x.dispose()
        x = next
      }
      return this.finish(x)
    })
  }

  /** The final norm. */
  finish(x_T_d: Tensor): Tensor {
    return rmsNorm(x_T_d, this.parameters.finalNorm.value, this.config.rmsNormEps)
  }

  dispose(): void {
    disposeParameters(this.parameters)
    this.#rope.dispose()
  }

  /** One layer: attention and feed-forward, each added to its input. */
  layer(index: number, x_T_d: Tensor, cis_T_1_D2: Tensor, attend: Attend): Tensor {
    const { config } = this
    const layer = this.parameters.layers[index]
    const { heads, kvHeads, headDim, rmsNormEps } = config
    return scope(() => {
      const normed = rmsNorm(x_T_d, layer.inputNorm.value, rmsNormEps)
      const qkv = project(normed, layer.qkv, layer.qkvBias)
      const [T] = qkv.shape
      const rotated = (heads + kvHeads) * headDim
      let queriesKeys = reshape(narrow(qkv, 1, 0, rotated), [T, heads + kvHeads, headDim])
      const values = reshape(narrow(qkv, 1, rotated, kvHeads * headDim), [T, kvHeads, headDim])
      if (layer.queryNorm) queriesKeys = this.#normHeads(layer, queriesKeys)
      const turned = rotate(queriesKeys, cis_T_1_D2)
      const mixed_T_HD = attend(index, narrow(turned, 1, 0, heads), narrow(turned, 1, heads, kvHeads), values)
      const attended = add(x_T_d, project(mixed_T_HD, layer.output, layer.outputBias))
      const gateUp = project(rmsNorm(attended, layer.postNorm.value, rmsNormEps), layer.gateUp, layer.gateUpBias)
      const [gate, up] = split(gateUp, [config.intermediateSize, config.intermediateSize], 1)
      return add(attended, project(mul(silu(gate), up), layer.down, layer.downBias))
    })
  }

  /** RMS norm over each head's dimensions, with the queries' and the keys' own weights. */
  #normHeads(layer: LayerParameters, queriesKeys_T_HKV_D: Tensor): Tensor {
    const { heads, kvHeads, rmsNormEps } = this.config
    const q = rmsNorm(narrow(queriesKeys_T_HKV_D, 1, 0, heads), layer.queryNorm!.value, rmsNormEps)
    const k = rmsNorm(narrow(queriesKeys_T_HKV_D, 1, heads, kvHeads), layer.keyNorm!.value, rmsNormEps)
    return cat([q, k], 1)
  }
}

/** x_T_n_D times e^{i t f}: neighbouring dimensions are one complex number. Half precision rotates in float32. */
function rotate(x_T_n_D: Tensor, cis_T_1_D2: Tensor): Tensor {
  const { dtype } = x_T_n_D
  const [T, n, D] = x_T_n_D.shape
  const wide = dtype === 'float32' || dtype === 'float64' ? x_T_n_D : toDtype(x_T_n_D, 'float32')
  const turned = viewAsReal(mul(viewAsComplex(reshape(wide, [T, n, D / 2, 2])), cis_T_1_D2))
  const flat = reshape(turned, [T, n, D])
  return wide === x_T_n_D ? flat : toDtype(flat, dtype)
}
