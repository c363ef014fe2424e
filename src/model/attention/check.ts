/** Holds a variable-length kernel to the padded attention on a small example: its values and all three gradients. */
import { rngFrom } from '../../base/philox.js'
import {
  backward,
  type Device,
  type Dtype,
  fromData,
  gradientOf,
  requireGrad,
  scope,
  toDtype,
  withGrad,
} from '../../torch/index.js'
import type { AttentionHeads, PackedAttention, PackShape } from './packed.js'
import { PaddedAttention } from './padded.js'
import { VarlenAttention, type VarlenKernel } from './varlen.js'

/**
 * Prompts with several, one and no branches; sequences of one row, of few (where every key counts), and of more than the
 * kernels' blocks of 64 and 128 rows.
 */
const example: PackShape = {
  promptLengths: [5, 1, 67, 3],
  branches: [
    { prompt: 0, length: 3 },
    { prompt: 0, length: 1 },
    { prompt: 1, length: 4 },
    { prompt: 2, length: 70 },
    { prompt: 2, length: 130 },
  ],
}

/**
 * Largest difference, as a share of the largest number. On a CPU the definition itself comes to 0.006 in bfloat16 (rounded
 * weights, outputs and gradients); kernels that align, scale or mask in another way come to more than 0.3.
 */
const tolerance = 0.04

const names = ['outputs', "queries' gradients", "keys' gradients", "values' gradients"]

/** What the kernel does wrongly with such heads on the device, in words; undefined where nothing. Errors are thrown. */
export function attentionProblem(
  kernel: VarlenKernel,
  { heads, kvHeads, headDim }: AttentionHeads,
  device: Device,
  dtype: Dtype,
): string | undefined {
  // How many key heads there are chooses no kernel; how many queries share one does.
  const keyHeads = Math.min(2, kvHeads)
  const few = { heads: (heads / kvHeads) * keyHeads, kvHeads: keyHeads, headDim }
  const T = [...example.promptLengths, ...example.branches.map(({ length }) => length)].reduce((a, b) => a + b)
  const random = rngFrom(0)
  return scope(() => {
    const given = (shape: number[]) => {
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 4 * random() - 2)
      return toDtype(fromData(values, shape, { device }), dtype)
    }
    const inputs = [few.heads, keyHeads, keyHeads].map((n) => given([T, n, headDim]))
    const seed_T_HD = given([T, few.heads * headDim])
    const outcome = (attention: PackedAttention, type: Dtype) => {
      try {
        const leaves = inputs.map((x) => requireGrad(toDtype(x, type)))
        const [q, k, v] = leaves
        const output = withGrad(() => attention.attend(few)(0, q, k, v))
        backward(output, leaves, toDtype(seed_T_HD, type))
        return [output, ...leaves.map((leaf) => gradientOf(leaf))].map(
          (x) => x && toDtype(x, 'float32').toFloat32Array(),
        )
      } finally {
        attention.dispose()
      }
    }
    const expected = outcome(new PaddedAttention(example, device), 'float32')
    const found = outcome(new VarlenAttention(example, device, kernel), dtype)
    const wrong = names.flatMap((name, i) => {
      const values = found[i]
      if (!values) return [`there are no ${name}`]
      const difference = relativeDifference(values, expected[i]!)
      return difference <= tolerance ? [] : [`the ${name} differ by ${difference.toPrecision(2)} of the largest`]
    })
    return wrong.length > 0 ? wrong.join(', ') : undefined
  })
}

/** max |a - b| / max |b|; not a number where any of a is none. */
function relativeDifference(a: Float32Array, b: Float32Array): number {
  let [difference, largest] = [0, 0]
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i] - b[i]))
    largest = Math.max(largest, Math.abs(b[i]))
  }
  return difference / largest
}
