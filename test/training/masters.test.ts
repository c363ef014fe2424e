/**
 * Weights in half precision as the rounding of float32 masters. The whole steps' golden values are PyTorch's on bfloat16
 * weights with exact gradients (test/golden/half_precision.py): what differs is the rounding of our activations.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Decoder } from '../../src/model/decoder.js'
import { exportParts, type Parameter } from '../../src/model/parameters.js'
import { openSafetensors } from '../../src/model/safetensors.js'
import {
  adamw_,
  clone,
  copyInto,
  fill_,
  fromData,
  gradientOf,
  keep,
  liveTensors,
  noGrad,
  scope,
  toDtype,
  zeros,
} from '../../src/torch/index.js'
import type { TrainGroup, UpdateOptions } from '../../src/train/backend.js'
import { Learner } from '../../src/train/local/learner.js'
import { Optimizer, type OptimizerPlace, type OptimizerSlot, placeOn } from '../../src/train/local/optimizer.js'
import { readOptimizer, writeOptimizer } from '../../src/train/local/optimizer-file.js'
import { startTestEngine } from '../engine.js'
import { largestGap, loadTiny, trainCompletion, updateOptions } from './models.js'

beforeAll(startTestEngine)

/** The bits of every weight, or its value in a wider type. */
const valuesOf = (model: Decoder): number[][] => model.list().map(({ value }) => value.toArray())

const groups: TrainGroup[] = [
  {
    prompt: Int32Array.from([1, 5, 9]),
    completions: [
      trainCompletion([4, 8, 15, 16, 23], { advantage: 1, weight: 1 / 12, rolloutLogprob: [-4, -4, -4, -4, -4] }),
      trainCompletion([42, 3, 7], { advantage: -1, weight: 1 / 12, rolloutLogprob: [-4, -4, -4] }),
    ],
  },
  {
    prompt: Int32Array.from([30, 2]),
    completions: [trainCompletion([9, 9, 1, 44], { advantage: 0.5, weight: 1 / 12, rolloutLogprob: [-4, -4, -4, -4] })],
  },
]
type GoldenCompletion = { tokens: number[] } & Parameters<typeof trainCompletion>[1]
const open = { clipLow: 100, clipHigh: 100, importanceCap: 1, klCoef: 0, klEstimator: 'k3', entropyCoef: 0.1 } as const
const options = (changes: Partial<UpdateOptions> = {}) => updateOptions({ objective: open, ...changes })

const parameterOf = (values: number[], dtype: 'bfloat16' | 'float32' = 'bfloat16'): Parameter => {
  const value = keep(scope(() => toDtype(fromData(Float32Array.from(values), [values.length]), dtype)))
  return { name: 'w', value, parts: [] }
}

const toBfloat16 = (value: number): number => {
  const bits = new Uint32Array(Float32Array.of(value).buffer)
  bits[0] = (bits[0] + 0x8000) & 0xffff0000
  return new Float32Array(bits.buffer)[0]
}

function onlySlot(optimizer: Optimizer): OptimizerSlot {
  return [...optimizer.slots()][0]
}

describe('masters', () => {
  it('are those of PyTorch, and the weights their rounding', () => {
    const golden = JSON.parse(readFileSync('test/fixtures/training/masters.json', 'utf8')) as {
      lr: number
      betas: [number, number]
      eps: number
      weightDecay: number
      start: number[]
      steps: { gradients: number[][]; master: number[]; weights: number[] }[]
    }
    const parameter = parameterOf(golden.start)
    const optimizer = new Optimizer([{ parameter, kind: 'manual' }])
    const rows = scope(() =>
      keep(
        fromData(
          BigInt64Array.from(golden.start, (_, i) => BigInt(i)),
          [24],
          { dtype: 'int64' },
        ),
      ),
    )
    for (const { gradients, master, weights } of golden.steps) {
      scope(() => {
        for (const gradient of gradients) {
          optimizer.addRows(parameter, rows, toDtype(fromData(Float32Array.from(gradient), [24]), 'bfloat16'))
        }
      })
      optimizer.step(golden, 1)
      expect(largestGap(onlySlot(optimizer).master!.toArray(), master)).toBeLessThan(1e-7)
      // The file has nine digits.
      expect(parameter.value.toArray()).toEqual(weights.map(toBfloat16))
    }
    optimizer.dispose()
    rows.dispose()
    parameter.value.dispose()
  })

  it('add up steps of 1e-6 that bfloat16 loses one by one', () => {
    // 0.01 is rounded to 164 x 2^-14, and its neighbours are 2^-14 = 6.1e-5 away: 100 steps of 1e-6 are 1.6 of them.
    const start = 164 * 2 ** -14
    const adamw = { lr: 1e-6, betas: [0.9, 0.99], eps: 1e-12, weightDecay: 0 } as const
    const parameter = parameterOf([0.01])
    const optimizer = new Optimizer([{ parameter, kind: 'manual' }])
    const pure = parameterOf([0.01])
    expect(pure.value.item()).toBe(start)
    const moments = [0, 1].map(() => keep(zeros([1], { dtype: 'bfloat16' })))
    for (let step = 1; step <= 100; step++) {
      fill_(optimizer.buffer(parameter), 1)
      optimizer.step(adamw, 1)
      noGrad(() =>
        scope(() => {
          const gradient = zeros([1], { dtype: 'bfloat16' })
          fill_(gradient, 1)
          const count = zeros([])
          fill_(count, step)
          adamw_([pure.value], [gradient], [moments[0]], [moments[1]], [count], adamw)
        }),
      )
    }
    expect(pure.value.item()).toBe(start)
    // A constant gradient makes every step of AdamW lr.
    // Each of the 100 differences is rounded to float32 (half a unit at 0.01 is 4.7e-10).
    expect(Math.abs(onlySlot(optimizer).master!.item() - (start - 1e-4))).toBeLessThan(4.7e-8)
    expect(parameter.value.item()).toBe(start - 2 * 2 ** -14)
    for (const tensor of [...moments, pure.value, parameter.value]) tensor.dispose()
    optimizer.dispose()
  })

  it('keep what the micro-batches add in float32', () => {
    // 1 + 2^-9 is 1 in bfloat16; eight of them are 1 + 2^-6.
    const parameter = parameterOf([0])
    const optimizer = new Optimizer([{ parameter, kind: 'manual' }])
    scope(() => {
      const row = fromData(BigInt64Array.of(0n), [1], { dtype: 'int64' })
      const add = (value: number) =>
        optimizer.addRows(parameter, row, toDtype(fromData(Float32Array.of(value), [1]), 'bfloat16'))
      add(1)
      for (let i = 0; i < 8; i++) add(2 ** -9)
    })
    expect(onlySlot(optimizer).gradient!.item()).toBe(1 + 2 ** -6)
    optimizer.dispose()
    parameter.value.dispose()
  })
})

describe.each(['llama', 'qwen3'])('two steps of GRPO on %s in bfloat16', (name) => {
  const root = 'test/fixtures/training'
  const golden = JSON.parse(readFileSync(join(root, `${name}.json`), 'utf8'))
  const half = JSON.parse(readFileSync(join(root, `${name}-bf16.json`), 'utf8')) as {
    steps: { loss: number; gradNorm: number }[]
    transformers: { error: number }
  }

  it.each([8192, 24])('move the masters as in PyTorch, with micro-batches of %i tokens', (tokenBudget) => {
    const model = loadTiny(name, 'bfloat16')
    const start = new Map(canonical(model.list()))
    const learner = new Learner(model)
    const { klCoef, klEstimator, entropyCoef, gradClip } = golden
    golden.steps.forEach((step: { groups: { prompt: number[]; completions: GoldenCompletion[] }[] }, i: number) => {
      const given = step.groups.map(({ prompt, completions }) => ({
        prompt: Int32Array.from(prompt),
        completions: completions.map(({ tokens, ...fields }) => trainCompletion(tokens, fields)),
      }))
      const { loss, gradNorm } = learner.update(given, {
        ...updateOptions(),
        temperature: golden.temperature,
        lr: golden.lr,
        weightDecay: golden.weightDecay,
        betas: golden.betas,
        eps: golden.eps,
        gradClip: gradClip ?? Infinity,
        tokenBudget,
        objective: { clipLow: 100, clipHigh: 100, importanceCap: Infinity, klCoef, klEstimator, entropyCoef },
      })
      expect(Math.abs(loss - half.steps[i].loss)).toBeLessThan(0.01 * (1 + Math.abs(half.steps[i].loss)))
      expect(Math.abs(gradNorm / half.steps[i].gradNorm - 1)).toBeLessThan(0.03)
    })
    const file = openSafetensors(join(root, `${name}-bf16.safetensors`))
    const masters = new Map(
      canonical([...learner.optimizer.slots()].map(({ parameter, master }) => ({ ...parameter, value: master! }))),
    )
    const weights = new Map(canonical(model.list()))
    let [missed, moved] = [0, 0]
    for (const [key, master] of masters) {
      const expected = new Float32Array(master.length)
      file.readInto(key, new Uint8Array(expected.buffer))
      expected.forEach((value, i) => {
        missed += (master[i] - value) ** 2
        moved += (value - start.get(key)![i]) ** 2
      })
      // The weights are the nearest bfloat16, at most 2^-9 of the number away.
      master.forEach((value, i) => {
        expect(Math.abs(weights.get(key)![i] - value)).toBeLessThanOrEqual(2 ** -8 * Math.abs(value))
      })
    }
    file.close()
    // As far from exact gradients as transformers gets in bfloat16 (0.055 and 0.060), or nearer.
    expect(Math.sqrt(missed / moved)).toBeLessThan(half.transformers.error)
    learner.dispose()
    model.dispose()
  })
})

/** Canonical tensors as plain numbers. */
function* canonical(parameters: readonly Parameter[]): Generator<[string, Float32Array]> {
  for (const parameter of parameters) {
    const value = scope(() => keep(toDtype(parameter.value, 'float32')))
    for (const { name, bytes } of exportParts({ ...parameter, value })) {
      yield [name, new Float32Array(bytes.slice().buffer)]
    }
    value.dispose()
  }
}

describe('a learner of half-precision weights', () => {
  it.each([false, true])('does not depend on the micro-batches beyond rounding; checkpointing: %s', (checkpointing) => {
    const runs = [8192, 6].map((tokenBudget) => {
      const model = loadTiny('qwen3', 'bfloat16')
      const learner = new Learner(model)
      const { gradNorm, loss } = learner.update(
        groups,
        options({ tokenBudget, activationCheckpointing: tokenBudget === 6 && checkpointing }),
      )
      const masters = [...learner.optimizer.slots()].map(({ master }) => master!.toArray())
      learner.dispose()
      model.dispose()
      return { gradNorm, loss, masters }
    })
    expect(Math.abs(runs[1].gradNorm / runs[0].gradNorm - 1)).toBeLessThan(5e-3)
    expect(Math.abs(runs[1].loss - runs[0].loss)).toBeLessThan(5e-3)
    // A step is at most lr = 1e-2 long, and bends with the gradient's rounding.
    for (const [i, master] of runs[0].masters.entries()) {
      expect(largestGap(master, runs[1].masters[i])).toBeLessThan(3e-3)
    }
  })

  it.each(['bfloat16', 'float32'] as const)('holds no gradient after a step (%s)', (dtype) => {
    const model = loadTiny('llama', dtype)
    const learner = new Learner(model)
    learner.update(groups, options())
    const live = liveTensors()
    learner.update(groups, options({ tokenBudget: 6 }))
    expect(liveTensors()).toBe(live)
    expect([...learner.optimizer.slots()].some(({ gradient }) => gradient !== undefined)).toBe(false)
    for (const { value } of model.list()) expect(gradientOf(value)).toBeUndefined()
    learner.dispose()
    model.dispose()
  })

  it.each(['bfloat16', 'float16'] as const)('goes on bit for bit from what it saved (%s)', (dtype) => {
    const directory = mkdtempSync(join(tmpdir(), 'isentrope-masters-'))
    const path = join(directory, 'optimizer.safetensors')
    const [model, other] = [1, 2].map(() => loadTiny('llama', dtype))
    const [learner, resumed] = [new Learner(model), new Learner(other)]
    // Far below the weights' spacing: only the masters can carry it.
    const small = options({ lr: 1e-6, eps: 1e-8 })
    for (let i = 0; i < 3; i++) learner.update(groups, small)
    writeOptimizer(path, learner.optimizer)
    noGrad(() => {
      for (const [i, { value }] of other.list().entries()) copyInto(value, model.list()[i].value)
    })
    readOptimizer(path, resumed.optimizer)
    for (const each of [learner, resumed]) for (let i = 0; i < 5; i++) each.update(groups, small)
    const state = ({ optimizer }: Learner) => [...optimizer.state()].map(({ tensor }) => tensor.toArray())
    expect(state(resumed)).toEqual(state(learner))
    expect(valuesOf(other)).toEqual(valuesOf(model))
    const moved = [...learner.optimizer.slots()].some(({ master, parameter }) => {
      const [exact, rounded] = [master!.toArray(), parameter.value.toArray()]
      return exact.some((value, i) => value !== rounded[i])
    })
    expect(moved).toBe(true)
    for (const each of [learner, resumed]) each.dispose()
    for (const each of [model, other]) each.dispose()
    rmSync(directory, { recursive: true })
  })

  it('refuses a saved state without masters', () => {
    const directory = mkdtempSync(join(tmpdir(), 'isentrope-masters-'))
    const path = join(directory, 'optimizer.safetensors')
    const [model, half] = [loadTiny('llama'), loadTiny('llama', 'bfloat16')]
    const [learner, other] = [new Learner(model), new Learner(half)]
    learner.update(groups, options())
    writeOptimizer(path, learner.optimizer)
    expect(() => readOptimizer(path, other.optimizer)).toThrow(/master is missing/)
    for (const each of [learner, other]) each.dispose()
    for (const each of [model, half]) each.dispose()
    rmSync(directory, { recursive: true })
  })
})

describe('an optimizer whose state lies elsewhere', () => {
  /** Another device as far as one can tell here: whatever goes there is a copy, and comes back only by being copied. */
  function elsewhere(device: OptimizerPlace['device']) {
    const brought: number[] = []
    const place: OptimizerPlace = {
      device,
      bring(tensor) {
        brought.push(liveTensors())
        return clone(tensor)
      },
    }
    return { place, brought }
  }

  it.each(['bfloat16', 'float32'] as const)('takes the same steps to the bit (%s)', (dtype) => {
    const outcomes = [false, true].map((away) => {
      const model = loadTiny('qwen2-tied', dtype)
      const { place, brought } = elsewhere(model.device)
      const learner = new Learner(model, { place: away ? place : placeOn(model.device) })
      const results = [1, 2].map(() =>
        learner.update(groups, options({ gradClip: 0.1, weightDecay: 0.1, tokenBudget: 6 })),
      )
      const outcome = {
        losses: results.map(({ loss }) => loss),
        weights: valuesOf(model),
        state: [...learner.optimizer.state()].map(({ tensor }) => tensor.toArray()),
      }
      // One parameter at a time: what the last one brought is gone when the next one comes.
      expect(brought.length).toBe(away ? 2 * model.list().length * (dtype === 'float32' ? 2 : 1) : 0)
      learner.dispose()
      model.dispose()
      return { outcome, brought }
    })
    expect(outcomes[1].outcome).toEqual(outcomes[0].outcome)
  })

  it('brings one parameter at a time, and keeps nothing of it', () => {
    const model = loadTiny('qwen2-tied')
    const { place, brought } = elsewhere(model.device)
    const learner = new Learner(model, { place })
    learner.update(groups, options())
    brought.length = 0
    const live = liveTensors()
    learner.update(groups, options())
    expect(liveTensors()).toBe(live)
    // Gradients are released as the step goes, so ever fewer tensors live; at most two copies are in flight.
    const gradients = brought.filter((_, i) => i % 2 === 0)
    gradients.forEach((count, i) => {
      if (i > 0) expect(count).toBeLessThanOrEqual(gradients[i - 1])
    })
    learner.dispose()
    model.dispose()
  })
})
