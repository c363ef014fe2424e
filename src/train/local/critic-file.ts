/**
 * The critic in a checkpoint: critic.safetensors holds what is trained (the head's score.weight and score.bias, and an
 * own trunk's tensors under the decoder's canonical names), critic-optimizer.safetensors AdamW's state.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../base/errors.js'
import { exportParts, fillParameter } from '../../model/parameters.js'
import { openSafetensors } from '../../model/safetensors.js'
import { writeSafetensors } from '../../model/safetensors-write.js'
import type { SourceDtype } from '../../model/types.js'
import type { Critic } from './critic.js'
import { readOptimizer, writeOptimizer } from './optimizer-file.js'

const weightsFile = 'critic.safetensors'
const optimizerFile = 'critic-optimizer.safetensors'
const savedDtypes = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const

export function writeCritic(directory: string, critic: Critic): void {
  const tensors = critic.parameters().flatMap((parameter) =>
    parameter.parts.map(({ name, shape }, i) => ({
      name,
      dtype: savedDtypes[parameter.value.dtype as keyof typeof savedDtypes],
      shape,
      // One parameter's bytes at a time.
      bytes: () => [...exportParts(parameter)][i].bytes,
    })),
  )
  writeSafetensors(join(directory, weightsFile), tensors, { trunk: critic.kind })
  writeOptimizer(join(directory, optimizerFile), critic.optimizer)
}

/** @throws UserError where a file is absent or not of this critic's shape. */
export function readCritic(directory: string, critic: Critic): void {
  const path = join(directory, weightsFile)
  if (!existsSync(path)) throw new UserError(`${path} does not exist: the checkpoint has no critic`)
  const file = openSafetensors(path)
  try {
    for (const { parts } of critic.parameters()) {
      for (const { name, shape } of parts) {
        const stored = file.tensors.get(name)
        if (stored?.shape.join() !== shape.join()) {
          throw new UserError(
            `${path}: ${name} is ${stored ? `of shape [${stored.shape}], not [${shape}]` : 'missing'}`,
          )
        }
        if (!isSourceDtype(stored.dtype)) throw new UserError(`${path}: ${name} is ${stored.dtype}`)
      }
    }
    const tensors = file.tensors as ReadonlyMap<string, { dtype: SourceDtype; shape: readonly number[] }>
    const source = { tensors, readInto: file.readInto, close: file.close }
    for (const parameter of critic.parameters()) fillParameter(parameter, source)
  } finally {
    file.close()
  }
  readOptimizer(join(directory, optimizerFile), critic.optimizer)
}

const isSourceDtype = (dtype: string): dtype is SourceDtype => dtype === 'F32' || dtype === 'F16' || dtype === 'BF16'
