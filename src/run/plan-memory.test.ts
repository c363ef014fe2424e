import { describe, expect, it } from 'vitest'
import { fakeModelShape, fakeRecipe } from '../../test/fake-run.js'
import { estimateMemory } from './plan-memory.js'

const rollout = { promptsPerStep: 2, samplesPerPrompt: 4, maxNewTokens: 20, batchSize: 5 }
const GiB = 2 ** 30

describe('estimateMemory', () => {
  it('counts each part, and the larger of the two phases', () => {
    const recipe = fakeRecipe({ rollout, train: { tokenBudget: 100 }, algorithm: { klCoef: 0.1 } })
    const memory = estimateMemory(recipe, fakeModelShape, 10, { host: GiB })
    // 1000 parameters of 4 bytes; the moments are two copies, the reference one.
    expect(memory).toMatchObject({ weights: 4000, gradients: 4000, optimizer: 8000, reference: 4000, adapter: 0 })
    // 5 rows serve 8 completions: 9/8 x (10 + 20) + 64 columns each, 98; and 2 prompts of 10. 3 layers x (keys, values) x
    // 1 head of 4 x 4 bytes.
    expect(memory.cache).toBe((5 * 98 + 2 * 10) * 3 * 2 * 4 * 4)
    // 100 of the step's 180 tokens x 3 layers x (6 x 8 + 3 x 8 + 2 x 4 + 4 x 16) x 4 bytes.
    expect(memory.activations).toBe(100 * 3 * (48 + 24 + 8 + 64) * 4)
    // 320 rows x 2 ids x 4 bytes.
    expect(memory.head).toBe(2560)
    // Too small a model to be packed.
    expect(memory.packed).toBe(0)
    // 100 / 30 sequences x 20 x 30 numbers, once as they are and once for each of 2 query heads of a key head, x 4 bytes.
    expect(memory.masks).toBe((100 * 20 * 30 * 3 * 4) / 30)
    expect(memory.total).toBe(
      memory.process + memory.workspace + 16000 + 4000 + memory.activations + memory.masks + memory.head,
    )
  })

  it('knows that a step has no more tokens than it has', () => {
    const whole = estimateMemory(fakeRecipe({ rollout, train: { tokenBudget: 1e6 } }), fakeModelShape, 10, {
      host: GiB,
    })
    // 2 prompts x 10 tokens + 8 completions x 20.
    expect(whole.activations).toBe(180 * 3 * (48 + 24 + 8 + 64) * 4)
    const halves = estimateMemory(
      fakeRecipe({ rollout, train: { tokenBudget: 1e6, updatesPerBatch: 2 } }),
      fakeModelShape,
      10,
      { host: GiB },
    )
    expect(halves.activations).toBe(whole.activations / 2)
  })

  it('leaves out what an adapter does not need', () => {
    const recipe = fakeRecipe({ rollout, algorithm: { klCoef: 0.1 }, lora: { rank: 2, targets: ['q_proj', 'v_proj'] } })
    const memory = estimateMemory(recipe, fakeModelShape, 10, { host: GiB })
    // Rank 2 x (8 inputs + 8 queries + 8 inputs + 4 values) x 3 layers x 4 bytes.
    const factors = 2 * (8 + 8 + 8 + 4) * 3 * 4
    expect(memory).toMatchObject({ adapter: factors, gradients: factors, optimizer: 2 * factors, reference: 0 })
  })

  it('counts one whole sequence in a micro-batch, however small the budget', () => {
    const memory = estimateMemory(fakeRecipe({ rollout, train: { tokenBudget: 1 } }), fakeModelShape, 10, {})
    expect(memory.activations).toBe(30 * 3 * (48 + 24 + 8 + 64) * 4)
  })

  it('counts what a cache grows to, where every completion has a row from the start', () => {
    const long = { ...rollout, maxNewTokens: 1000, batchSize: 8 }
    // 10 + 256 = 266 columns, then ceil(1.5 x) + 16: 415, 639, 975, and 9/8 x 1010 + 64 = 1201 at most.
    expect(estimateMemory(fakeRecipe({ rollout: long }), fakeModelShape, 10, {}).cache).toBe(
      (8 * 1201 + 2 * 10) * 3 * 2 * 4 * 4,
    )
  })

  it('lays parts on the GPU and on the host', () => {
    const recipe = fakeRecipe({ rollout, device: 'cuda:1' })
    const memory = estimateMemory(recipe, fakeModelShape, 10, { host: 8 * GiB, accelerator: 2 * GiB })
    const [gpu, host] = memory.devices
    expect(gpu).toMatchObject({ device: 'cuda:1', available: 2 * GiB, parts: { weights: 4000, optimizer: 8000 } })
    expect(host).toMatchObject({ device: 'host', available: 8 * GiB })
    // The largest tensor, 8 x 16 numbers of a feed-forward weight, twice.
    expect(host.parts).toEqual({ process: memory.process, transfer: 2 * 8 * 16 * 4 })
    expect(host.total).toBe(memory.process + memory.transfer)
    expect(memory.total).toBe(gpu.total)
    const all = { ...gpu.parts, ...host.parts }
    expect(all).toEqual(Object.fromEntries(Object.keys(all).map((part) => [part, memory[part as 'weights']])))
    expect(Object.keys(gpu.parts).length + Object.keys(host.parts).length).toBe(14)
    expect(memory.packed).toBe(0)
  })

  it('counts half-precision weights with float32 gradient sums, moments and masters', () => {
    const half = { rollout, dtype: 'bfloat16' } as const
    const memory = estimateMemory(fakeRecipe(half), fakeModelShape, 10, {})
    // 1000 parameters: 2 bytes, 4 of the gradient, 2 x 4 of the moments and 4 of the master.
    expect(memory).toMatchObject({ weights: 2000, gradients: 4000, optimizer: 12000 })
    const ppo = fakeRecipe({ ...half, algorithm: { name: 'ppo' } })
    // The critic's trunk and its gradients; its state is with the policy's.
    expect(estimateMemory(ppo, fakeModelShape, 10, {})).toMatchObject({ critic: 2000 + 4000, optimizer: 2 * 12000 })
    const lora = fakeRecipe({ ...half, lora: { rank: 2, targets: ['q_proj', 'v_proj'] } })
    // Factors are float32 beside half-precision weights, and need no masters.
    const factors = 2 * (8 + 8 + 8 + 4) * 3 * 4
    expect(estimateMemory(lora, fakeModelShape, 10, {})).toMatchObject({ gradients: factors, optimizer: 2 * factors })
  })

  it("lays the optimizer's state on the device that the recipe names", () => {
    const recipe = fakeRecipe({ rollout, device: 'cuda', train: { optimizerDevice: 'cpu' } })
    const [gpu, host] = estimateMemory(recipe, fakeModelShape, 10, {}).devices
    expect(gpu.parts).not.toHaveProperty('optimizer')
    expect(host).toMatchObject({ device: 'host', parts: { optimizer: 8000 } })
    const [first, , second] = estimateMemory(
      fakeRecipe({ rollout, device: 'cuda', train: { optimizerDevice: 'cuda:1' } }),
      fakeModelShape,
      10,
      { accelerator: GiB },
    ).devices
    expect(first.parts).not.toHaveProperty('optimizer')
    expect(second).toEqual({ device: 'cuda:1', parts: { optimizer: 8000 }, total: 8000 })
    const onCpu = fakeRecipe({ rollout, train: { optimizerDevice: 'cpu' } })
    expect(estimateMemory(onCpu, fakeModelShape, 10, {})).toEqual(
      estimateMemory(fakeRecipe({ rollout }), fakeModelShape, 10, {}),
    )
  })

  it('takes the state off the GPU, and has what passes by in the host', () => {
    const half = { rollout, device: 'cuda', dtype: 'bfloat16' } as const
    const beside = estimateMemory(fakeRecipe(half), fakeModelShape, 10, {})
    expect(beside.devices.length).toBe(2)
    const apart = fakeRecipe({ ...half, train: { optimizerDevice: 'cpu' } })
    const [gpu, host] = estimateMemory(apart, fakeModelShape, 10, {}).devices
    expect(gpu.total).toBe(beside.total - 12000)
    // A float32 gradient and a new weight of the largest tensor.
    expect(host.parts.transfer).toBe(8 * 16 * 8)
  })

  it('knows nothing of a device that is not there, nor proposes a budget for it', () => {
    const memory = estimateMemory(fakeRecipe({ rollout, device: 'cuda' }), fakeModelShape, 10, { host: GiB })
    expect(memory.available).toBeUndefined()
    expect(memory.largestTokenBudget).toBeUndefined()
    expect(memory.devices[1].available).toBe(GiB)
  })

  it('proposes no budget where sampling or the host has no room', () => {
    const wide = { ...rollout, samplesPerPrompt: 1e6, batchSize: 1e6 }
    const recipe = fakeRecipe({ rollout: wide })
    expect(estimateMemory(recipe, fakeModelShape, 10, { host: GiB }).largestTokenBudget).toBeUndefined()
    const cuda = fakeRecipe({ rollout, device: 'cuda' })
    const free = { accelerator: 8 * GiB, host: GiB }
    expect(estimateMemory(cuda, fakeModelShape, 10, free).largestTokenBudget).toBeUndefined()
    expect(estimateMemory(cuda, fakeModelShape, 10, { ...free, host: 8 * GiB }).largestTokenBudget).toBeGreaterThan(0)
  })

  it('proposes the largest token budget that fits', () => {
    const recipe = fakeRecipe({ rollout, train: { tokenBudget: 1000 } })
    const memory = estimateMemory(recipe, fakeModelShape, 10, { host: GiB })
    const budget = memory.largestTokenBudget!
    const fits = (tokenBudget: number) => {
      const roomy = fakeRecipe({
        rollout: { ...rollout, samplesPerPrompt: 1e6 },
        train: { tokenBudget },
      })
      return estimateMemory(roomy, fakeModelShape, 10, { host: GiB }).total <= GiB
    }
    expect([fits(budget), fits(budget + 1)]).toEqual([true, false])
    expect(estimateMemory(recipe, fakeModelShape, 10, { host: 2 ** 20 }).largestTokenBudget).toBeUndefined()
  })
})
