/** For tests: the tiny models, their parameters as plain arrays, and recipes of training steps on them. */
import { join } from 'node:path'
import { Decoder } from '../../src/model/decoder.js'
import { openDirectoryTensors, readDirectoryConfig } from '../../src/model/directory.js'
import { exportParts } from '../../src/model/parameters.js'
import { cpu, type Dtype } from '../../src/torch/index.js'
import type { TrainCompletion, UpdateOptions } from '../../src/train/backend.js'

export function loadTiny(name: string, dtype: Dtype = 'float32'): Decoder {
  const directory = join('test/fixtures/models', name)
  const config = readDirectoryConfig(directory)
  const source = openDirectoryTensors(directory, config)
  try {
    return Decoder.load(config, source, cpu, dtype)
  } finally {
    source.close()
  }
}

/** Every canonical tensor's elements. */
export function parametersOf(model: Decoder): Map<string, Float32Array> {
  const found = new Map<string, Float32Array>()
  for (const parameter of model.list()) {
    for (const { name, bytes } of exportParts(parameter)) found.set(name, new Float32Array(bytes.slice().buffer))
  }
  return found
}

export function largestGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let gap = 0
  for (let i = 0; i < a.length; i++) gap = Math.max(gap, Number.isNaN(a[i] - b[i]) ? Infinity : Math.abs(a[i] - b[i]))
  return gap
}

/** Largest difference over all tensors, whose names have to be the same. */
export function largestParameterGap(a: Map<string, Float32Array>, b: Map<string, Float32Array>): number {
  if ([...a.keys()].join() !== [...b.keys()].join()) return Number.POSITIVE_INFINITY
  return Math.max(...[...a].map(([name, values]) => largestGap(values, b.get(name)!)))
}

export const updateOptions = (changes: Partial<UpdateOptions> = {}): UpdateOptions => ({
  temperature: 1,
  lr: 1e-2,
  weightDecay: 0,
  betas: [0.9, 0.99],
  // Wide enough that a gradient's rounding does not become the step's sign.
  eps: 1e-3,
  gradClip: Number.POSITIVE_INFINITY,
  tokenBudget: 8192,
  interruptible: false,
  ...changes,
  objective: {
    clipLow: 0.2,
    clipHigh: 0.2,
    importanceCap: Number.POSITIVE_INFINITY,
    klCoef: 0,
    klEstimator: 'k3',
    entropyCoef: 0,
    ...changes.objective,
  },
})

/** A completion whose tokens share advantage and weight. */
export function trainCompletion(
  tokens: number[],
  fields: {
    advantage: number
    weight: number
    rolloutLogprob: number[]
    referenceLogprob?: number[]
    gradMask?: number[]
  },
): TrainCompletion {
  const { advantage, weight, rolloutLogprob, referenceLogprob, gradMask } = fields
  const { length } = tokens
  return {
    tokens: Int32Array.from(tokens),
    rolloutLogprob: Float32Array.from(rolloutLogprob),
    ...(referenceLogprob ? { referenceLogprob: Float32Array.from(referenceLogprob) } : {}),
    advantage: new Float32Array(length).fill(advantage),
    gradMask: gradMask ? Uint8Array.from(gradMask) : new Uint8Array(length).fill(1),
    weight: new Float32Array(length).fill(weight),
  }
}
