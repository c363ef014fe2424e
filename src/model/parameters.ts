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
import { decoderLayout, type LayerKey, type LinearKey, type ParameterLayout, type TensorLayout } from './layout.js'
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
export interface Part extends TensorLayout {
  start: number
  rows: number
}

type AlwaysThere = LinearKey | 'inputNorm' | 'postNorm'
/** Biases and head norms are there if the model has them. */
export type LayerParameters = Record<AlwaysThere, Parameter> &
  Partial<Record<Exclude<LayerKey, AlwaysThere>, Parameter>>

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
  const make = ({ name, parts }: ParameterLayout): Parameter => {
    let start = 0
    const placed = parts.map((part) => {
      const place = { ...part, start, rows: part.shape[0] }
      start += part.shape[0]
      return place
    })
    const shape = [start, ...parts[0].shape.slice(1)]
    const parameter: Parameter = { name, value: keep(empty(shape, { device, dtype })), parts: placed }
    initialise(parameter)
    return parameter
  }
  const layout = decoderLayout(config)
  const embedding = make(layout.embedding)
  const layers = layout.layers.map((layer) => {
    const entries = Object.entries(layer).map(([key, parameter]) => [key, make(parameter)])
    return Object.fromEntries(entries) as unknown as LayerParameters
  })
  const finalNorm = make(layout.finalNorm)
  return { embedding, layers, finalNorm, head: layout.head ? make(layout.head) : embedding }
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
): Generator<{ name: string; dtype: SourceDtype; shape: readonly number[]; bytes: Uint8Array }> {
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
