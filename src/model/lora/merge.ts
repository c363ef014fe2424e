/** A model's tensors with an adapter's products added: W + s B A, in the files' own order of rows. */
import { UserError } from '../../base/errors.js'
import { add, type Dtype, dtypes, empty, mm, mul, noGrad, scope, sum, type Tensor, toDtype } from '../../torch/index.js'
import type { CanonicalTensor } from '../save.js'
import type { OpenModel, SourceDtype, TensorSource } from '../types.js'
import { adapterScale } from './adapter-config.js'
import type { OpenAdapter } from './adapter-file.js'
import { factorA, factorB } from './adapter-layout.js'

const engineTypes: Record<SourceDtype, Dtype> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }
const fileTypes = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const

/**
 * Every canonical tensor of the model, one at a time; computed in float32 and rounded once to `dtype`, by default the
 * type of the first adapted weight's file.
 * @throws UserError where a merged weight is not finite
 */
export function* mergedTensors(
  { tensors }: Pick<OpenModel, 'tensors'>,
  adapter: OpenAdapter,
  dtype?: keyof typeof fileTypes,
): Generator<CanonicalTensor & { merged: boolean }> {
  const modules = new Map(
    adapter.modules.flatMap((module) => module.layers.map(({ name }) => [`${name}.weight`, module])),
  )
  const [first] = modules.keys()
  const target = dtype ? fileTypes[dtype] : tensors.tensors.get(first)!.dtype
  for (const [name, { shape }] of tensors.tensors) {
    const module = modules.get(name)
    const bytes = noGrad(() =>
      scope(() => {
        const stored = read(tensors, name)
        if (!module) return bytesOf(toDtype(stored, engineTypes[target])).slice()
        const { rank, alpha } = module
        const wide = (tensor: Tensor) => toDtype(tensor, 'float32')
        const b = wide(read(adapter.tensors, factorB(name.slice(0, -'.weight'.length))))
        const a = wide(read(adapter.tensors, factorA(module.name)))
        const merged = add(wide(stored), mul(mm(b, a), adapterScale(rank, alpha, adapter.config.rankStabilized)))
        if (!Number.isFinite(sum(merged).item())) {
          throw new UserError(`${adapter.path}: merged into ${name} it gives numbers that are not finite`)
        }
        return bytesOf(toDtype(merged, engineTypes[target])).slice()
      }),
    )
    yield { name, dtype: target, shape, bytes, merged: module !== undefined }
  }
}

function read(source: TensorSource, name: string): Tensor {
  const { dtype, shape } = source.tensors.get(name)!
  const tensor = empty(shape, { dtype: engineTypes[dtype] })
  source.readInto(name, bytesOf(tensor))
  return tensor
}

function bytesOf(tensor: Tensor): Uint8Array {
  const view = tensor.data()
  return new Uint8Array(view.buffer, view.byteOffset, tensor.size * dtypes[tensor.dtype].bytes)
}
