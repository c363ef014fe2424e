import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import {
  cat,
  cpu,
  deviceName,
  empty,
  fromData,
  fromIndices,
  full,
  keep,
  leakedTensors,
  liveTensors,
  mul,
  narrow,
  parseDevice,
  scope,
  split,
  sum,
  type Tensor,
  toDevice,
  transpose,
  zeros,
} from './index.js'

beforeAll(startTestEngine)

let before = 0
beforeAll(() => {
  before = liveTensors()
})
afterEach(() => {
  expect(liveTensors()).toBe(before)
})

describe('tensors', () => {
  it('hold what they are given, in every element type', () => {
    scope(() => {
      expect(fromData(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]).toArray()).toEqual([1, 2, 3, 4, 5, 6])
      expect(fromData(Float64Array.of(0.1), [1], { dtype: 'float64' }).item()).toBe(0.1)
      expect(fromIndices([5, -7]).toArray()).toEqual([5, -7])
      expect(fromData(Int32Array.of(-3), [], { dtype: 'int32' }).item()).toBe(-3)
      expect(fromData(Uint8Array.of(1, 0), [2], { dtype: 'bool' }).toArray()).toEqual([1, 0])
      // 1.5 and -2 in bfloat16: the upper halves of 0x3fc00000 and 0xc0000000.
      expect(fromData(Uint16Array.of(0x3fc0, 0xc000), [2], { dtype: 'bfloat16' }).toArray()).toEqual([1.5, -2])
      expect(full([2], 2.5).toArray()).toEqual([2.5, 2.5])
      expect(zeros([0, 3]).toArray()).toEqual([])
    })
  })

  it('know shape, type, size, device, and say so', () => {
    scope(() => {
      const t = zeros([2, 3], { dtype: 'float64' })
      expect([t.shape, t.dtype, t.size, t.bytes, deviceName(t.device)]).toEqual([[2, 3], 'float64', 6, 48, 'cpu'])
      expect(String(t)).toBe('float64[2,3]')
      expect(zeros([]).shape).toEqual([])
    })
  })

  it('are read through their strides, and viewed only where contiguous', () => {
    scope(() => {
      const t = fromData(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])
      const turned = transpose(t, 0, 1)
      expect(turned.toArray()).toEqual([1, 4, 2, 5, 3, 6])
      expect(() => turned.data()).toThrow('float32[3,2]: only contiguous')
      // A view shares the memory.
      const row = narrow(t, 0, 1, 1)
      row.data()[0] = 40
      expect(t.toArray()).toEqual([1, 2, 3, 40, 5, 6])
    })
  })

  it('refuse data, shapes and types that do not fit', () => {
    expect(() => fromData(Float32Array.of(1, 2), [3])).toThrow('shape [3] has 3 elements, the data 2')
    expect(() => empty([2, -1])).toThrow('shape [2,-1]')
    expect(() => empty([1.5])).toThrow('shape [1.5]')
    scope(() => {
      expect(() => zeros([2]).item()).toThrow('exactly one element')
      expect(() => zeros([2], { dtype: 'float64' }).toFloat32Array()).toThrow('float64[2]: expected float32')
    })
  })

  it('name their device', () => {
    expect(parseDevice('cuda:1')).toEqual({ type: 'cuda', index: 1 })
    expect(() => parseDevice('gpu')).toThrow('unknown device "gpu"')
    scope(() => {
      const t = zeros([1])
      expect(toDevice(t, cpu)).toBe(t)
    })
  })
})

describe('scopes', () => {
  it('free what was made inside, except what is returned', () => {
    const result = scope(() => {
      const a = full([2], 2)
      scope(() => mul(a, a))
      return { kept: [mul(a, 1.25)], made: a.disposed }
    })
    expect(result.made).toBe(false)
    expect(result.kept[0].toArray()).toEqual([2.5, 2.5])
    result.kept[0].dispose()
    before = liveTensors() // the constant 1.25 stays
  })

  it('hand a result to the scope outside', () => {
    let inner: Tensor | undefined
    scope(() => {
      inner = scope(() => zeros([1]))
      expect(inner.disposed).toBe(false)
    })
    expect(inner?.disposed).toBe(true)
  })

  it('free on a throw', () => {
    let made: Tensor | undefined
    expect(() =>
      scope(() => {
        made = scope(() => zeros([4]))
        throw new Error('inside')
      }),
    ).toThrow('inside')
    expect(made?.disposed).toBe(true)
  })

  it('leave what is kept to its owner', () => {
    const kept = scope(() => {
      const t = keep(zeros([1]))
      return () => t
    })()
    expect(kept.disposed).toBe(false)
    kept.dispose()
    expect(() => kept.shape).toThrow('disposed')
    kept.dispose()
  })
})

describe('memory', () => {
  it('counts what is alive', () => {
    const t = zeros([1])
    expect(liveTensors()).toBe(before + 1)
    t.dispose()
    expect(leakedTensors()).toBe(0)
  })

  it('does not grow over 20,000 products', () => {
    scope(() => {
      const [a, b] = [full([256, 256], 0.5), full([256, 256], 2)]
      const run = (times: number) => {
        for (let i = 0; i < times; i++) scope(() => void mul(a, b))
      }
      run(1000)
      const start = process.memoryUsage().rss
      run(20_000)
      // Each product is 256 KiB: one in a hundred left behind would be 50 MiB.
      expect(process.memoryUsage().rss - start).toBeLessThan(32 * 2 ** 20)
    })
  })

  it('does not grow over lists, optionals and errors', () => {
    scope(() => {
      const t = full([64, 64], 1)
      const bad = zeros([3])
      const run = (times: number) => {
        for (let i = 0; i < times; i++) {
          scope(() => {
            const parts = split(t, [32, 32], 0)
            sum(cat(parts, 1), [0], true, 'float64')
            // LibTorch takes milliseconds to write down where an error arose.
            if (i % 20 === 0) expect(() => mul(t, bad)).toThrow('float32[3]')
          })
        }
      }
      run(500)
      const start = process.memoryUsage().rss
      run(5000)
      // Each round's copy is 16 KiB: all of them left behind would be 78 MiB.
      expect(process.memoryUsage().rss - start).toBeLessThan(32 * 2 ** 20)
    })
  })
})
