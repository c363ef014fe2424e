import { beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { Failure } from '../base/errors.js'
import { TorchError, torchFailure } from './errors.js'
import { empty, expand, mm, mul, native, scope, zeros } from './index.js'
import { atLeast } from './install/platform.js'

beforeAll(startTestEngine)

describe("LibTorch's refusal", () => {
  it('of a shape names the operator, its operands and the reason', () => {
    const wrong = () => scope(() => mm(zeros([2, 3]), zeros([2, 3])))
    expect(wrong).toThrow(TorchError)
    expect(wrong).toThrow(/^aten::mm\(float32\[2,3\], float32\[2,3\]\): /)
  })

  it("knows the C++ library's word for no memory", () => {
    expect(torchFailure('aten::mm', ['float32[2,3]'], 'std::bad_alloc')).toBeInstanceOf(Failure)
  })

  it('for want of memory says how much was asked for, and what takes less', ({ skip }) => {
    skip(!atLeast(native().version, [2, 13]), 'before 2.13 LibTorch does not tell its reason')
    const failureOf = (run: () => void) => {
      try {
        run()
      } catch (error) {
        return error as Failure
      }
      throw new Error('there was memory')
    }
    // 2^50 float32 numbers are 2^52 bytes: 2^22 GiB, above any address space.
    const operators: [() => void, RegExp][] = [
      [
        () => empty([2 ** 50]),
        /for aten::empty_strided\(float32\[1125899906842624\], cpu\), which asks for 4194304.00 GiB/,
      ],
      [
        () => scope(() => mul(expand(zeros([1]), [2 ** 50]), 2)),
        /for aten::mul.Tensor\(.*, which asks for 4194304.00 GiB/,
      ],
    ]
    for (const [run, words] of operators) {
      const failure = failureOf(run)
      expect(failure).toBeInstanceOf(Failure)
      expect(failure.message).toMatch(words)
      expect(failure.hint).toMatch(/train.tokenBudget/)
    }
  })

  it.each([
    [2 ** 31, '2.00 GiB'],
    [5 * 2 ** 20, '5.00 MiB'],
    [512, '0.50 KiB'],
  ])('tells %d bytes as %s', (bytes, size) => {
    const { message } = torchFailure('aten::mm', [], `not enough memory: you tried to allocate ${bytes} bytes.`)
    expect(message).toBe(`there is no memory left for aten::mm(), which asks for ${size}`)
  })

  it('is understood in the words of a GPU too', () => {
    // As PyTorch's allocator says it (c10/cuda/CUDACachingAllocator.cpp).
    const reason =
      'CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 139.81 GiB of which 1.19 GiB is free.'
    const failure = torchFailure('aten::mm', ['bfloat16[8,8]'], reason)
    expect(failure).toBeInstanceOf(Failure)
    expect(failure.message).toBe('there is no memory left for aten::mm(bfloat16[8,8]), which asks for 2.50 GiB')
    expect((failure.cause as Error).message).toBe(reason)
  })
})
