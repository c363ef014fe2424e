/**
 * AdamW's state as a safetensors file: two moments per parameter in float32, the float32 masters of half-precision
 * weights, and the number of updates.
 */
import { existsSync } from 'node:fs'
import { UserError } from '../../base/errors.js'
import { openSafetensors } from '../../model/safetensors.js'
import { writeSafetensors } from '../../model/safetensors-write.js'
import { copyInto, empty, noGrad, scope, type Tensor } from '../../torch/index.js'
import type { Optimizer } from './optimizer.js'

const countKey = 'updates'

export function writeOptimizer(path: string, optimizer: Optimizer): void {
  const state = [...optimizer.state()].map(({ name, tensor }) => ({
    name,
    dtype: 'F32' as const,
    shape: tensor.shape,
    bytes: () => floatBytes(tensor),
  }))
  writeSafetensors(path, state, { [countKey]: String(optimizer.count) })
}

/** @throws UserError where the file is absent or not this optimizer's. */
export function readOptimizer(path: string, optimizer: Optimizer): void {
  if (!existsSync(path)) throw new UserError(`${path} does not exist: the checkpoint has no optimizer state`)
  const file = openSafetensors(path)
  try {
    const count = Number(file.metadata[countKey])
    if (!Number.isInteger(count)) throw new UserError(`${path}: its header does not say how many updates were made`)
    optimizer.restore(count, (name, tensor) =>
      scope(() => {
        const entry = file.tensors.get(name)
        if (entry?.bytes !== tensor.size * 4) throw new UserError(`${path}: ${name} is missing or of another size`)
        const host = empty(tensor.shape)
        const view = host.data()
        file.readInto(name, new Uint8Array(view.buffer, view.byteOffset, entry.bytes))
        noGrad(() => copyInto(tensor, host))
      }),
    )
  } finally {
    file.close()
  }
}

function floatBytes(tensor: Tensor): Uint8Array {
  return scope(() => {
    const host = empty(tensor.shape)
    copyInto(host, tensor)
    const view = host.data()
    return new Uint8Array(view.buffer, view.byteOffset, tensor.size * 4).slice()
  })
}
