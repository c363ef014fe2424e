import { beforeAll, describe, expect, it } from 'vitest'
import { eachSequence } from '../../../test/each-sequence.js'
import { startTestEngine } from '../../../test/engine.js'
import { cpu, type Device, type Dtype, detach, mul } from '../../torch/index.js'
import { attentionProblem } from './check.js'
import { attentionText, chooseAttention } from './choice.js'
import type { VarlenKernel } from './varlen.js'

beforeAll(startTestEngine)

const heads = { heads: 6, kvHeads: 2, headDim: 16 }
const right = eachSequence()
const problem = (kernel: VarlenKernel, dtype: Dtype = 'bfloat16') => attentionProblem(kernel, heads, cpu, dtype)

describe('the check of a kernel of variable lengths', () => {
  it.each(['float32', 'bfloat16', 'float16'] as const)('finds nothing wrong with the definition in %s', (dtype) => {
    expect(problem(right, dtype)).toBeUndefined()
  })

  it.each<[string, VarlenKernel, RegExp]>([
    [
      'aligns the first query with the first key',
      eachSequence((i, j) => j <= i),
      /the outputs differ by .*keys' gradients/,
    ],
    ['sees what comes after', eachSequence(() => true), /the outputs differ/],
    ['does not see itself', eachSequence((i, j, Q, K) => j < Math.max(1, i + K - Q)), /the outputs differ/],
    [
      'scales by another number',
      (q, k, v, given) => right(q, k, v, { ...given, scale: given.scale / 2 }),
      /the outputs differ/,
    ],
    [
      'carries no gradient to the keys',
      (q, k, v, given) => right(q, detach(k), v, given),
      /there are no keys' gradients/,
    ],
    [
      'gives what is not a number',
      (q, k, v, given) => mul(right(q, k, v, given), Number.NaN),
      /the outputs differ by NaN/,
    ],
    [
      'takes the next sequence for its own',
      (q, k, v, given) => {
        const { hostStarts } = given.keys
        const shifted = hostStarts.map((start, n) => (n === 1 ? start + 1 : start))
        return right(q, k, v, { ...given, keys: { ...given.keys, hostStarts: shifted } })
      },
      /the outputs differ/,
    ],
  ])('finds a kernel that %s', (_, kernel, said) => {
    expect(problem(kernel)).toMatch(said)
  })
})

describe('the choice of attention', () => {
  const cuda: Device = { type: 'cuda', index: 0 }
  const choose = (device: Device, dtype: Dtype, headDim = 64) =>
    attentionText(chooseAttention({ config: { ...heads, headDim }, device, dtype }))

  it('says why it is the padded one', () => {
    expect(choose(cpu, 'bfloat16')).toBe('padded (flash attention of variable lengths needs CUDA)')
    expect(choose(cuda, 'float32')).toBe(
      'padded (flash attention of variable lengths takes half precision, not float32)',
    )
    expect(choose(cuda, 'bfloat16', 100)).toMatch(
      /^padded \(.* heads of a multiple of 8 up to 256 dimensions, not 100\)$/,
    )
  })

  it('stays with the padded one where the check cannot be made', () => {
    // There is no GPU where the tests run, or else flash attention works on it.
    const kernel: VarlenKernel = () => {
      throw new Error('no kernel image\nwith more lines')
    }
    const { kind, reason } = chooseAttention({ config: heads, device: cuda, dtype: 'bfloat16' }, kernel)
    expect(kind).toBe('padded')
    expect(reason).toMatch(/^flash attention of variable lengths fails on cuda:0: .+$/)
  })
})
