/**
 * A decoder's weights in LibTorch's memory. What is multiplied by the same input is stored as one matrix (query, key
 * and value; gate and up), so that a layer is four products; rows of query and key projections are reordered so that
 * the two dimensions of a rotation plane are neighbours (rope.ts). Each parameter remembers which rows are which
 * canonical tensor: files never see this layout.
 */
import {
  copyInto,
  cpu,
  type Device,
  type Dtype,
  dtypes,
  empty,
  keep,
  narrow,
  noGrad,
  scope,
  type Tensor,
  toDevice,
} from '../torch/index.js'
import type { LinearAdapter } from './projection.js'
import type { DecoderConfig, SourceDtype, TensorSource } from './types.js'

export interface Parameter {
  /** Unique within the model; names the optimizer's state. */
  name: string
  value: Tensor
  parts: Part[]
  /** A linear layer's weight in oneDNN's layout, while it does not change (packed-weights.ts). */
  packed?: Tensor
  /** Set on a linear layer's weight while an adapter is in force. */
  adapter?: LinearAdapter
}

/** Rows `start` .. `start + rows` of a parameter are this canonical tensor. */
export interface Part {
  name: string
  start: number
  rows: number
  shape: number[]
  /** Set where the rows are heads of this many dimensions in rotation order. */
  rotated?: number
}

export interface LayerParameters {
  inputNorm: Parameter
  qkv: Parameter
  qkvBias?: Parameter
  queryNorm?: Parameter
  keyNorm?: Parameter
  output: Parameter
  outputBias?: Parameter
  postNorm: Parameter
  gateUp: Parameter
  gateUpBias?: Parameter
  down: Parameter
  downBias?: Parameter
}

export interface DecoderParameters {
  embedding: Parameter
  layers: LayerParameters[]
  finalNorm: Parameter
  /** The embedding itself where the head is tied. */
  head: Parameter
}

const sourceDtypes: Record<SourceDtype, Dtype> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }
const fileDtypes: Partial<Record<Dtype, SourceDtype>> = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' }

/** Every parameter once, in a fixed order (a tied head is not repeated). */
export function parameterList(parameters: DecoderParameters): Parameter[] {
  const list = [parameters.embedding]
  for (const layer of parameters.layers) {
    for (const parameter of Object.values(layer)) if (parameter) list.push(parameter)
  }
  list.push(parameters.finalNorm)
  if (parameters.head !== parameters.embedding) list.push(parameters.head)
  return list
}

export const parameterCount = (parameters: DecoderParameters): number =>
  parameterList(parameters).reduce((total, { value }) => total + value.size, 0)

/** The layout of a model's parameters: which canonical tensors make up each, before any memory is taken. */
interface Layout {
  name: string
  parts: { name: string; shape: number[]; rotated?: number }[]
}

function layerLayouts(config: DecoderConfig, index: number): Record<keyof LayerParameters, Layout | undefined> {
  const { hiddenSize: d, intermediateSize: inner, heads, kvHeads, headDim } = config
  const prefix = `model.layers.${index}`
  const attention = `${prefix}.self_attn`
  const mlp = `${prefix}.mlp`
  const one = (name: string, shape: number[], rotated?: number): Layout => ({ name, parts: [{ name, shape, rotated }] })
  const qkv = (suffix: 'weight' | 'bias'): Layout => {
    const shape = (rows: number) => (suffix === 'weight' ? [rows, d] : [rows])
    return {
      name: `${attention}.qkv_proj.${suffix}`,
      parts: [
        { name: `${attention}.q_proj.${suffix}`, shape: shape(heads * headDim), rotated: headDim },
        { name: `${attention}.k_proj.${suffix}`, shape: shape(kvHeads * headDim), rotated: headDim },
        { name: `${attention}.v_proj.${suffix}`, shape: shape(kvHeads * headDim) },
      ],
    }
  }
  const gateUp = (suffix: 'weight' | 'bias'): Layout => ({
    name: `${mlp}.gate_up_proj.${suffix}`,
    parts: ['gate', 'up'].map((half) => ({
      name: `${mlp}.${half}_proj.${suffix}`,
      shape: suffix === 'weight' ? [inner, d] : [inner],
    })),
  })
  return {
    inputNorm: one(`${prefix}.input_layernorm.weight`, [d]),
    qkv: qkv('weight'),
    qkvBias: config.qkvBias ? qkv('bias') : undefined,
    queryNorm: config.qkNorm ? one(`${attention}.q_norm.weight`, [headDim], headDim) : undefined,
    keyNorm: config.qkNorm ? one(`${attention}.k_norm.weight`, [headDim], headDim) : undefined,
    output: one(`${attention}.o_proj.weight`, [d, heads * headDim]),
    outputBias: config.outputBias ? one(`${attention}.o_proj.bias`, [d]) : undefined,
    postNorm: one(`${prefix}.post_attention_layernorm.weight`, [d]),
    gateUp: gateUp('weight'),
    gateUpBias: config.mlpBias ? gateUp('bias') : undefined,
    down: one(`${mlp}.down_proj.weight`, [d, inner]),
    downBias: config.mlpBias ? one(`${mlp}.down_proj.bias`, [d]) : undefined,
  }
}

/** Reads all weights of `source` into `device` memory as `dtype`; the tensors belong to no scope. */
export function loadParameters(
  config: DecoderConfig,
  source: TensorSource,
  options: { device?: Device; dtype?: Dtype } = {},
): DecoderParameters {
  const { device = cpu, dtype = 'float32' } = options
  return buildParameters(config, device, dtype, (parameter) => fillParameter(parameter, source))
}

/** Parameters of the config's layout with whatever `initialise` puts into them. */
export function buildParameters(
  config: DecoderConfig,
  device: Device,
  dtype: Dtype,
  initialise: (parameter: Parameter) => void,
): DecoderParameters {
  const make = (layout: Layout): Parameter => {
    let start = 0
    const parts = layout.parts.map((part) => {
      const placed = { ...part, start, rows: part.shape[0] }
      start += part.shape[0]
      return placed
    })
    const shape = [start, ...layout.parts[0].shape.slice(1)]
    const parameter: Parameter = { name: layout.name, value: keep(empty(shape, { device, dtype })), parts }
    initialise(parameter)
    return parameter
  }
  const single = (name: string, shape: number[]) => make({ name, parts: [{ name, shape }] })
  const { vocabSize, hiddenSize } = config
  const embedding = single('model.embed_tokens.weight', [vocabSize, hiddenSize])
  const layers = Array.from({ length: config.layers }, (_, index) => {
    const entries = Object.entries(layerLayouts(config, index))
    return Object.fromEntries(
      entries.flatMap(([key, layout]) => (layout ? [[key, make(layout)]] : [])),
    ) as unknown as LayerParameters
  })
  const finalNorm = single('model.norm.weight', [hiddenSize])
  const head = config.tieWordEmbeddings ? embedding : single('lm_head.weight', [vocabSize, hiddenSize])
  return { embedding, layers, finalNorm, head }
}

export function disposeParameters(parameters: DecoderParameters): void {
  for (const { value } of parameterList(parameters)) value.dispose()
}

/** Fills every part of a parameter from the source. */
export function fillParameter(parameter: Parameter, source: TensorSource): void {
  noGrad(() => {
    for (const part of parameter.parts) {
      const stored = source.tensors.get(part.name)
      if (!stored) throw new Error(`the model has no tensor ${part.name}`)
      scope(() => {
        const host = empty(part.shape, { dtype: sourceDtypes[stored.dtype] })
        const bytes = bytesOf(host)
        if (part.rotated) {
          const file = new Uint8Array(bytes.length)
          source.readInto(part.name, file)
          reorderRows(file, bytes, part.rows, part.rotated, true)
        } else source.readInto(part.name, bytes)
        copyInto(narrow(parameter.value, 0, part.start, part.rows), host)
      })
    }
  })
}

/** The canonical tensors of a parameter as file bytes, in the parameter's own element type. */
export function* exportParts(
  parameter: Parameter,
): Generator<{ name: string; dtype: SourceDtype; shape: number[]; bytes: Uint8Array }> {
  for (const part of parameter.parts) {
    const { dtype: stored } = parameter.value
    const dtype = fileDtypes[stored]
    if (!dtype) throw new Error(`${parameter.name}: ${stored} has no counterpart in a safetensors file`)
    const bytes = scope(() => {
      const slice = narrow(parameter.value, 0, part.start, part.rows)
      const host = empty(part.shape, { dtype: stored })
      copyInto(host, slice)
      const copied = bytesOf(toDevice(host, cpu)).slice()
      if (!part.rotated) return copied
      const file = new Uint8Array(copied.length)
      reorderRows(copied, file, part.rows, part.rotated, false)
      return file
    })
    yield { name: part.name, dtype, shape: part.shape, bytes }
  }
}

/** The same of many parameters, one after the other. */
export function* exportAll(parameters: readonly Parameter[]): ReturnType<typeof exportParts> {
  for (const parameter of parameters) yield* exportParts(parameter)
}

function bytesOf(host: Tensor): Uint8Array {
  const view = host.data()
  return new Uint8Array(view.buffer, view.byteOffset, host.size * dtypes[host.dtype].bytes)
}

/** Within each head of `headDim` rows: file rows j and j + D/2 become neighbours 2j and 2j + 1, or the reverse. */
function reorderRows(from: Uint8Array, to: Uint8Array, rows: number, headDim: number, fromFile: boolean): void {
  const rowBytes = from.length / rows
  const half = headDim / 2
  for (let row = 0; row < rows; row++) {
    const within = row % headDim
    const other = row - within + (within < half ? 2 * within : 2 * (within - half) + 1)
    const [source, target] = fromFile ? [row, other] : [other, row]
    to.set(from.subarray(source * rowBytes, (source + 1) * rowBytes), target * rowBytes)
  }
}
