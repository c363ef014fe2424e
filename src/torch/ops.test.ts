/**
 * Every operator against PyTorch: results and gradients in test/fixtures/torch-ops.json, by test/golden/torch_ops.py.
 * Against another LibTorch: `ISENTROPE_TORCH=DIR npx vitest run src/torch`.
 */
import { readFileSync } from 'node:fs'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import {
  clearGradient,
  type Dtype,
  dtypes,
  empty,
  fromData,
  gradientOf,
  liveTensors,
  noGrad,
  requireGrad,
  scope,
  type Tensor,
  withGrad,
  zeros,
} from './index.js'
import * as ops from './ops.js'

interface Given {
  dtype: Dtype
  shape: number[]
  data: (number | string)[]
}

interface Case {
  inputs: Given[]
  results: Given[]
  /** Which result the seed is the gradient of. */
  of?: number
  seed?: Given
  gradients?: (Given | null)[]
}

interface Fixture {
  cases: Record<string, Case>
  adamw: {
    options: { lr: number; betas: [number, number]; eps: number; weightDecay: number }
    start: Given[]
    steps: { gradients: Given[]; parameters: Given[] }[]
    state: { exp_avg: Given; exp_avg_sq: Given; step: Given }[]
  }
}

const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../../test/fixtures/torch-ops.json', import.meta.url), 'utf8'),
)

const changed =
  (change: (copy: Tensor, ...rest: Tensor[]) => void) =>
  (x: Tensor, ...rest: Tensor[]) => {
    const copy = ops.clone(x)
    change(copy, ...rest)
    return copy
  }
const scale = 0.5

/** The same calls here. A name up to its comma is that of the operator's function. */
const calls: Record<string, (...inputs: Tensor[]) => Tensor | Tensor[]> = {
  linear: ops.linear,
  'linear, bias': ops.linear,
  mm: ops.mm,
  bmm: ops.bmm,
  rmsNorm: (x, weight) => ops.rmsNorm(x, weight, 1e-5),
  silu: ops.silu,
  sqrt: ops.sqrt,
  mul: ops.mul,
  'mul, number': (x) => ops.mul(x, 0.3),
  mul_: changed((x, y) => ops.mul_(x, y)),
  'mul_, number': changed((x) => ops.mul_(x, -1.75)),
  div: ops.div,
  'div, number': (x) => ops.div(x, 3),
  div_: changed((x, y) => ops.div_(x, y)),
  'div_, number': changed((x) => ops.div_(x, 7)),
  sub: (a, b) => ops.sub(a, b),
  'sub, alpha': (a, b) => ops.sub(a, b, 0.3),
  add: ops.add,
  exp: ops.exp,
  exp_: changed((x) => ops.exp_(x)),
  expInto: (x) => {
    const target = empty(x.shape)
    ops.expInto(target, x)
    return target
  },
  log: ops.log,
  neg: ops.neg,
  sum: (x) => ops.sum(x),
  'sum, dims': (x) => ops.sum(x, [0, 2]),
  'sum, kept': (x) => ops.sum(x, [1], true),
  'sum, float64': (x) => ops.sum(x, [1], false, 'float64'),
  amax: (x) => ops.amax(x, [1]),
  'amax, kept': (x) => ops.amax(x, [0, 1], true),
  argmax: (x) => ops.argmax(x, 1),
  'argmax, kept': (x) => ops.argmax(x, 0, true),
  cat: (a, b) => ops.cat([a, b], 1),
  split: (x) => ops.split(x, [1, 3, 2], 1),
  narrow: (x) => ops.narrow(x, 1, 2, 3),
  select: (x) => ops.select(x, 1, 2),
  reshape: (x) => ops.reshape(x, [4, 6]),
  transpose: (x) => ops.transpose(x, 0, 2),
  permute: (x) => ops.permute(x, [2, 0, 1]),
  contiguous: (x) => ops.contiguous(ops.transpose(x, 0, 1)),
  expand: (x) => ops.expand(x, [2, 3, 4]),
  indexSelect: (x, index) => ops.indexSelect(x, 0, index),
  indexCopy_: changed((x, index, y) => ops.indexCopy_(x, 1, index, y)),
  indexPut_: changed((x, index, y) => ops.indexPut_(x, [index], y, false)),
  'indexPut_, accumulated': changed((x, i, j, y) => ops.indexPut_(x, [i, j], y, true)),
  gather: (x, index) => ops.gather(x, 1, index),
  scatterAdd_: changed((x, index, y) => ops.scatterAdd_(x, 1, index, y)),
  scatter_: changed((x, index, y) => ops.scatter_(x, 1, index, y)),
  cumsum: (x) => ops.cumsum(x, 1),
  topk: (x) => ops.topk(x, 2),
  sort: (x) => ops.sort(x, 1, false),
  'sort, descending': (x) => ops.sort(x, 0, true),
  where: ops.where,
  'where, number': (condition, a) => ops.where(condition, a, -Infinity),
  lt: ops.lt,
  'lt, number': (x) => ops.lt(x, 2),
  le: ops.le,
  'le, number': (x) => ops.le(x, 2),
  gt: ops.gt,
  'gt, number': (x) => ops.gt(x, 2),
  minimum: ops.minimum,
  dot: ops.dot,
  toDtype: (x) => ops.toDtype(x, 'float64'),
  'toDtype, bfloat16': (x) => ops.toDtype(x, 'bfloat16'),
  'toDtype, int64': (x) => ops.toDtype(x, 'int64'),
  clone: ops.clone,
  detach: ops.detach,
  attention: (q, k, v) => ops.attention(q, k, v, { scale }),
  'attention, causal': (q, k, v) => ops.attention(q, k, v, { scale, causal: true }),
  'attention, grouped': (q, k, v) => ops.attention(q, k, v, { scale, groupedQueries: true }),
  'attention, mask': (q, k, v, mask) => ops.attention(q, k, v, { scale, mask }),
  'attention, infinite mask': (q, k, v, open) =>
    ops.attention(q, k, v, { scale, mask: ops.where(open, zeros([3, 5]), -Infinity) }),
  'viewAsComplex, viewAsReal': (x, y) => ops.viewAsReal(ops.mul(ops.viewAsComplex(x), ops.viewAsComplex(y))),
  copyInto: (x) => {
    const target = empty(x.shape, { dtype: 'float64' })
    ops.copyInto(target, x)
    return target
  },
  fill_: changed((x) => ops.fill_(x, 0.1)),
  accumulate_: changed((out, x) => ops.accumulate_(out, ops.toDtype(x, 'bfloat16'))),
  addmm_: changed((out, a, b) => ops.addmm_(out, a, b, 0.5, 3)),
  mmInto: changed((out, a, b) => ops.mmInto(out, a, b)),
}

const number = (value: number | string) => (value === '-inf' ? -Infinity : Number(value))

function tensorOf({ dtype, shape, data }: Given): Tensor {
  const values = data.map(number)
  const { array } = dtypes[dtype]
  if (dtype === 'int64') return fromData(BigInt64Array.from(values, BigInt), shape, { dtype })
  return fromData(Reflect.construct(array, [values]), shape, { dtype })
}

/** Equal shapes and types; values to 1e-5 (1 + |reference|), infinities exactly. */
function expectSame(actual: Tensor, given: Given, what: string): void {
  expect(`${what} ${actual}`).toBe(`${what} ${given.dtype}[${given.shape.join(',')}]`)
  const values = actual.dtype === 'complex64' ? ops.viewAsReal(actual).toArray() : actual.toArray()
  expect(values.length).toBe(given.data.length)
  for (const [i, text] of given.data.entries()) {
    const reference = number(text)
    if (Number.isFinite(reference)) {
      expect(Math.abs(values[i] - reference), `${what}[${i}]: ${values[i]}, not ${reference}`).toBeLessThanOrEqual(
        1e-5 * (1 + Math.abs(reference)),
      )
    } else expect(values[i], `${what}[${i}]`).toBe(reference)
  }
}

const isFloat = (given: Given) => given.dtype.startsWith('float')

beforeAll(startTestEngine)

describe('operators agree with PyTorch', () => {
  it.each(Object.keys(fixture.cases))('%s', (name) => {
    const { inputs, results, of = 0, seed, gradients } = fixture.cases[name]
    const before = liveTensors()
    scope(() => {
      const leaves = inputs.map(tensorOf)
      if (gradients) for (const [i, leaf] of leaves.entries()) if (isFloat(inputs[i])) requireGrad(leaf)
      const run = () => [calls[name](...leaves)].flat()
      const outputs = gradients ? withGrad(run) : noGrad(run)
      expect(outputs.length).toBe(results.length)
      for (const [i, output] of outputs.entries()) expectSame(output, results[i], `result ${i}`)
      if (!gradients || !seed) return
      const wanted = leaves.filter((_, i) => gradients[i])
      ops.backward(outputs[of], wanted, tensorOf(seed))
      for (const [i, given] of gradients.entries()) {
        if (given) expectSame(gradientOf(leaves[i])!, given, `gradient of input ${i}`)
      }
    })
    // Constants stay: tensors made once per value, of which accumulate_ has two.
    const kept = liveTensors() - before
    expect(kept).toBeLessThanOrEqual(name === 'accumulate_' ? 2 : 1)
  })

  it('leaves no function of ops.ts out', () => {
    const covered = new Set(Object.keys(fixture.cases).flatMap((name) => name.split(', ')))
    // Backward is in every case with gradients, AdamW below; mmWide has no kernel but CUDA's.
    const elsewhere = ['backward', 'adamw_', 'mmWide']
    const functions = Object.keys(ops).filter((name) => !elsewhere.includes(name))
    expect(functions.filter((name) => !covered.has(name))).toEqual([])
    expect(Object.keys(calls).toSorted()).toEqual(Object.keys(fixture.cases).toSorted())
  })

  it('adamw_ over three steps, as torch.optim.AdamW', () => {
    const { options, start, steps, state } = fixture.adamw
    scope(() => {
      const parameters = start.map(tensorOf)
      const [first, second] = [start.map(({ shape }) => zeros(shape)), start.map(({ shape }) => zeros(shape))]
      const counts = start.map(() => zeros([]))
      noGrad(() => {
        for (const [step, given] of steps.entries()) {
          for (const count of counts) ops.fill_(count, step + 1)
          ops.adamw_(parameters, given.gradients.map(tensorOf), first, second, counts, options)
          for (const [i, parameter] of parameters.entries()) expectSame(parameter, given.parameters[i], `step ${step}`)
        }
      })
      for (const [i, { exp_avg, exp_avg_sq, step }] of state.entries()) {
        expectSame(first[i], exp_avg, 'first moment')
        expectSame(second[i], exp_avg_sq, 'second moment')
        expectSame(counts[i], step, 'step')
      }
    })
  })
})

describe('operators that do not fit', () => {
  afterEach(() => clearLeft())
  const left: Tensor[] = []
  const clearLeft = () => {
    for (const tensor of left.splice(0)) tensor.dispose()
  }
  const given = (...shape: number[]) => {
    const tensor = zeros(shape)
    left.push(tensor)
    return tensor
  }

  it.each<[string, string, (a: Tensor, b: Tensor) => unknown]>([
    ['mm', 'aten::mm(float32[2,3], float32[2,3])', ops.mm],
    ['bmm', 'aten::bmm(float32[2,3], float32[2,3])', ops.bmm],
    ['mul', 'aten::mul.Tensor(float32[2,3], float32[2,4])', (a) => ops.mul(a, given(2, 4))],
    ['cat', 'aten::cat([float32[2,3], float32[3,3]], 1)', (a) => ops.cat([a, given(3, 3)], 1)],
    ['reshape', 'aten::reshape(float32[2,3], [4,2])', (a) => ops.reshape(a, [4, 2])],
    ['sub', 'aten::sub.Tensor(float32[2,3], float32[2,4], 1)', (a) => ops.sub(a, given(2, 4))],
    ['copyInto', 'aten::copy_(float32[2,3], float32[2,4])', (a) => ops.copyInto(a, given(2, 4))],
    ['addmm_', 'aten::addmm.out(float32[2,3], float32[2,3], float32[2,3])', (a, b) => ops.addmm_(a, a, b)],
  ])('%s names the operator and the shapes', (_name, text, run) => {
    const [a, b] = [given(2, 3), given(2, 3)]
    const before = liveTensors()
    let message = ''
    try {
      run(a, b)
    } catch (error) {
      message = (error as Error).message
    }
    expect(message.replaceAll(/, (?=\d+\])/g, ',')).toContain(text)
    // Tensors that were made for the call are in `left` and counted; the failed call itself keeps none.
    expect(liveTensors() - before).toBe(left.length - 2)
  })

  it('refuses a tensor that was disposed of', () => {
    const a = given(2, 2)
    a.dispose()
    expect(() => ops.exp(a)).toThrow('disposed')
    expect(() => ops.cat([a, given(2, 2)], 0)).toThrow('disposed')
    expect(() => ops.sub(given(2, 2), a)).toThrow('disposed')
    expect(() => ops.copyInto(given(2, 2), a)).toThrow('disposed')
    expect(() => ops.fill_(a, 1)).toThrow('disposed')
  })
})

describe('autograd', () => {
  const ones = () => fromData(Float32Array.of(1, 1), [2])

  it('adds to a gradient until it is cleared', () => {
    scope(() => {
      const x = requireGrad(fromData(Float32Array.of(2, -3), [2]))
      const back = () => withGrad(() => ops.backward(ops.mul(x, x), [x], ones()))
      expect(gradientOf(x)).toBeUndefined()
      back()
      // d x^2 = 2 x
      expect(gradientOf(x)?.toArray()).toEqual([4, -6])
      back()
      expect(gradientOf(x)?.toArray()).toEqual([8, -12])
      clearGradient(x)
      expect(gradientOf(x)).toBeUndefined()
      back()
      expect(gradientOf(x)?.toArray()).toEqual([4, -6])
    })
  })

  it('records nothing in noGrad, and restores the mode after a throw', () => {
    scope(() => {
      const x = requireGrad(fromData(Float32Array.of(2, -3), [2]))
      const y = noGrad(() => ops.mul(x, x))
      expect(() => ops.backward(y, [x], ones())).toThrow()
      expect(() =>
        withGrad(() =>
          noGrad(() => {
            throw new Error('inside')
          }),
        ),
      ).toThrow('inside')
      const z = withGrad(() => ops.mul(x, x))
      ops.backward(z, [x], ones())
      expect(gradientOf(x)?.toArray()).toEqual([4, -6])
    })
  })

  it('refuses to change a leaf in place while recording, and allows it in noGrad', () => {
    scope(() => {
      const x = requireGrad(fromData(Float32Array.of(2, -3), [2]))
      expect(() => withGrad(() => ops.mul_(x, 2))).toThrow('aten::mul_')
      noGrad(() => ops.mul_(x, 2))
      expect(x.toArray()).toEqual([4, -6])
    })
  })

  it('stops at a detached tensor', () => {
    scope(() => {
      const x = requireGrad(fromData(Float32Array.of(2, -3), [2]))
      // d (x detach(x)) = detach(x)
      withGrad(() => ops.backward(ops.mul(x, ops.detach(x)), [x], ones()))
      expect(gradientOf(x)?.toArray()).toEqual([2, -3])
    })
  })
})
