import { beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../../test/engine.js'
import type { Parameter } from '../../model/parameters.js'
import { copyInto, type Dtype, fromData, hostLooks, keep, liveTensors, scope, zeros } from '../../torch/index.js'
import { Optimizer } from './optimizer.js'

beforeAll(startTestEngine)

const parameter = (name: string, shape: number[], dtype: Dtype): Parameter => ({
  name,
  value: keep(zeros(shape, { dtype })),
  parts: [{ name, start: 0, rows: shape[0], shape }],
})

describe("the gradients' norm", () => {
  it('is of all parameters together, whatever their types, and takes one look', () => {
    const live = liveTensors()
    const parameters = [
      parameter('a', [2, 1], 'float32'),
      parameter('b', [1], 'bfloat16'),
      parameter('none', [3], 'float32'),
      parameter('c', [1], 'float64'),
    ]
    const optimizer = new Optimizer(parameters.map((each) => ({ parameter: each, kind: 'manual' })))
    expect(optimizer.norm()).toBe(0)
    scope(() => {
      const gradients = [fromData(Float32Array.of(3, 4), [2, 1]), fromData(Float32Array.of(12), [1])]
      gradients.forEach((gradient, i) => {
        copyInto(optimizer.buffer(parameters[i]), gradient)
      })
      copyInto(optimizer.buffer(parameters[3]), fromData(Float64Array.of(84), [1], { dtype: 'float64' }))
    })
    const looks = hostLooks()
    // 3^2 + 4^2 = 5^2, 5^2 + 12^2 = 13^2, 13^2 + 84^2 = 85^2.
    expect(optimizer.norm()).toBe(85)
    expect(hostLooks() - looks).toBe(1)
    optimizer.dispose()
    for (const { value } of parameters) value.dispose()
    expect(liveTensors()).toBe(live)
  })
})
