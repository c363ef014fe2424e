import { describe, expect, it } from 'vitest'
import { fakeModelShape, fakeRecipe } from '../../../test/fake-run.js'
import { estimateMemory } from './memory.js'

const rollout = { promptsPerStep: 2, samplesPerPrompt: 4, maxNewTokens: 20, batchSize: 5 }
const GiB = 2 ** 30
/** Numbers that one layer keeps of a token. */
const perToken = 6 * 8 + 3 * 8 + 2 * 4 + 4 * 16
/** 10 tokens x 3 layers x (keys, values) x 1 head of 4 x 4 bytes. */
const promptKeys = 10 * 3 * 2 * 4 * 4

describe('estimateMemory', () => {
  it('counts each part, and the larger of the two phases', () => {
    const recipe = fakeRecipe({ rollout, train: { tokenBudget: 100 }, algorithm: { klCoef: 0.1 } })
    const memory = estimateMemory(recipe, fakeModelShape, 10, { host: GiB })
    // 1000 parameters of 4 bytes; the moments are two copies, the reference one. The step's 180 tokens are two passes: the
    // second one begins with the first one's gradients there.
    expect(memory).toMatchObject({ weights: 4000, gradients: 4000, optimizer: 8000, reference: 4000, adapter: 0 })
    // 5 rows serve 8 completions: 9/8 x (10 + 20) + 64 columns each, 98; and 2 prompts of 10. 3 layers x (keys, values) x
    // 1 head of 4 x 4 bytes.
    expect(memory.cache).toBe((5 * 98 + 2 * 10) * 3 * 2 * 4 * 4)
    // 100 of the step's 180 tokens x 3 layers x (6 x 8 + 3 x 8 + 2 x 4 + 4 x 16) x 4 bytes; and 100 / 180 of the step's 8
    // completions, whose attention has the keys and values of 10 prompt tokens again.
    const completions = (100 / 180) * 8
    expect(memory.activations).toBe(Math.ceil(100 * 3 * perToken * 4 + completions * promptKeys))
    // 320 rows x 2 ids x 4 bytes.
    expect(memory.head).toBe(2560)
    // 256 rows, four times, on an accelerator.
    const there = fakeRecipe({ rollout, device: 'cuda' })
    expect(estimateMemory(there, fakeModelShape, 10, { host: GiB }).head).toBe(256 * 4 * 2 * 4)
    // 256 rows sampled at once, three times; six times where an accelerator sorts them for a nucleus.
    const many = { ...rollout, promptsPerStep: 64, batchSize: 256 }
    const headOf = (device: string, changes: object) =>
      estimateMemory(fakeRecipe({ rollout: { ...many, ...changes }, device }), fakeModelShape, 10, {}).head
    expect(headOf('cuda', { topP: 0.9 })).toBe(256 * 6 * 2 * 4)
    expect(headOf('cuda', { topP: 0.9, topK: 50 })).toBe(256 * 4 * 2 * 4)
    expect(headOf('cpu', { topP: 0.9 })).toBe(256 * 3 * 2 * 4)
    // Too small a model to be packed.
    expect(memory.packed).toBe(0)
    // 20 x 30 numbers each, once as they are and once for each of 2 query heads of a key head, x 4 bytes.
    expect(memory.masks).toBe(Math.ceil(completions * 20 * 30 * 3 * 4))
    expect(memory.total).toBe(
      memory.process + memory.workspace + 16000 + 4000 + memory.activations + memory.masks + memory.head,
    )
  })

  it('knows that a step has no more tokens than it has', () => {
    const whole = estimateMemory(fakeRecipe({ rollout, train: { tokenBudget: 1e6 } }), fakeModelShape, 10, {
      host: GiB,
    })
    // 2 prompts x 10 tokens + 8 completions x 20.
    expect(whole.activations).toBe(180 * 3 * perToken * 4 + 8 * promptKeys)
    const halves = estimateMemory(
      fakeRecipe({ rollout, train: { tokenBudget: 1e6, updatesPerBatch: 2 } }),
      fakeModelShape,
      10,
      { host: GiB },
    )
    expect(halves.activations).toBe(whole.activations / 2)
  })

  it('lets gradients come as the activations of an only pass go', () => {
    const gradientsOf = (train: object, parameters = 1000, dtype: 'float32' | 'bfloat16' = 'float32') =>
      estimateMemory(fakeRecipe({ rollout, dtype, train }), { ...fakeModelShape, parameters }, 10, {}).gradients
    const activations = 180 * 3 * perToken * 4 + 8 * promptKeys
    const all = { tokenBudget: 180 }
    // Beside all activations there is the head's gradient alone, 2 ids x 8 x 4 bytes.
    expect(gradientsOf(all)).toBe(2 * 8 * 4)
    // What is larger than all activations is there in the end, without them.
    expect(gradientsOf(all, 1e6)).toBe(4e6 - activations)
    // One token less makes a second pass; checkpointing has a layer's activations to the end.
    expect(gradientsOf({ tokenBudget: 179 }, 1e6)).toBe(4e6)
    expect(gradientsOf({ ...all, activationCheckpointing: true }, 1e6)).toBe(4e6)
    // Before it is added to the sums, a pass leaves 2 bytes for every weight but the embedding's, tied to the head's: 2 x 8.
    const later = Math.ceil(179 * 3 * (perToken * 2 + 2 * 2 * 8 * 2) + ((179 / 180) * 8 * promptKeys) / 2)
    const left = 2 * (1e6 - 16)
    expect(gradientsOf({ tokenBudget: 179 }, 1e6, 'bfloat16')).toBe(4e6 + left - later)
    expect(gradientsOf({ tokenBudget: 179, activationCheckpointing: true }, 1e6, 'bfloat16')).toBe(4e6)
  })

  it('counts what oneDNN keeps for half precision, on a CPU', () => {
    const of = (dtype: 'float32' | 'bfloat16', device: string) =>
      estimateMemory(fakeRecipe({ rollout, dtype, device }), fakeModelShape, 10, {}).workspace
    expect(of('bfloat16', 'cpu') - of('float32', 'cpu')).toBe(128 * 2 ** 20)
    expect(of('bfloat16', 'cuda')).toBe(of('float32', 'cuda'))
  })

  it('counts what norms keep in float32 of half-precision activations, on a CPU', () => {
    const of = (device: string) =>
      estimateMemory(fakeRecipe({ rollout, dtype: 'bfloat16', device }), fakeModelShape, 10, {}).activations
    // Two norms of 8 numbers a layer: input and normalised input take 4 bytes and not 2 each.
    expect(of('cpu') - of('cuda')).toBe(180 * 3 * 2 * 2 * 8 * 2)
  })

  it('counts what norms of queries and keys keep', () => {
    const of = (qkNorm: boolean, dtype: 'float32' | 'bfloat16', device: string) => {
      const shape = { ...fakeModelShape, config: { ...fakeModelShape.config, qkNorm } }
      return estimateMemory(fakeRecipe({ rollout, dtype, device }), shape, 10, {}).activations
    }
    const added = (dtype: 'float32' | 'bfloat16', device: string) => of(true, dtype, device) - of(false, dtype, device)
    // 8 numbers of queries and 4 of keys, before and normalised; on a CPU in float32 whatever the weights are.
    const numbers = 180 * 3 * 2 * (8 + 4)
    expect(added('float32', 'cpu')).toBe(4 * numbers)
    expect(added('bfloat16', 'cpu')).toBe(4 * numbers)
    expect(added('bfloat16', 'cuda')).toBe(2 * numbers)
  })

  it('leaves out what an adapter does not need', () => {
    const recipe = fakeRecipe({
      rollout,
      train: { tokenBudget: 100 },
      algorithm: { klCoef: 0.1 },
      lora: { rank: 2, targets: ['q_proj', 'v_proj'] },
    })
    const memory = estimateMemory(recipe, fakeModelShape, 10, { host: GiB })
    // Rank 2 x (8 inputs + 8 queries + 8 inputs + 4 values) x 3 layers x 4 bytes.
    const factors = 2 * (8 + 8 + 8 + 4) * 3 * 4
    expect(memory).toMatchObject({ adapter: factors, gradients: factors, optimizer: 2 * factors, reference: 0 })
  })

  it('counts one whole sequence in a micro-batch, however small the budget', () => {
    const memory = estimateMemory(fakeRecipe({ rollout, train: { tokenBudget: 1 } }), fakeModelShape, 10, {})
    // 30 of 180 tokens have 4 / 3 completions in the mean.
    expect(memory.activations).toBe(30 * 3 * perToken * 4 + (4 / 3) * promptKeys)
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
    const half = { rollout, dtype: 'bfloat16', train: { tokenBudget: 100 } } as const
    const memory = estimateMemory(fakeRecipe(half), fakeModelShape, 10, {})
    // 1000 parameters: 2 bytes, 4 of the gradient, 2 x 4 of the moments and 4 of the master.
    expect(memory).toMatchObject({ weights: 2000, gradients: 4000, optimizer: 12000 })
    const ppo = fakeRecipe({ ...half, algorithm: { name: 'ppo' } })
    // The critic's trunk; its state is with the policy's, and the policy's gradients are gone when its own come.
    expect(estimateMemory(ppo, fakeModelShape, 10, {})).toMatchObject({ critic: 2000, optimizer: 2 * 12000 })
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
    const memoryOf = (tokenBudget: number) => {
      const recipe = fakeRecipe({ rollout: { ...rollout, samplesPerPrompt: 1e6 }, train: { tokenBudget } })
      return estimateMemory(recipe, fakeModelShape, 10, { host: GiB })
    }
    const budget = memoryOf(1000).largestTokenBudget!
    const fits = (tokenBudget: number) => memoryOf(tokenBudget).total <= GiB
    expect([fits(budget), fits(budget + 1)]).toEqual([true, false])
    const small = fakeRecipe({ rollout })
    expect(estimateMemory(small, fakeModelShape, 10, { host: 2 ** 20 }).largestTokenBudget).toBeUndefined()
  })

  it('proposes a budget with which the run fits, and none where one more token would not', () => {
    const recipe = (tokenBudget: number) => fakeRecipe({ rollout, train: { tokenBudget, updatesPerBatch: 1 } })
    const shape = { ...fakeModelShape, parameters: 1e5 }
    const totalOf = (tokenBudget: number) => estimateMemory(recipe(tokenBudget), shape, 10, {}).total
    const [least, most] = [totalOf(30), totalOf(180)]
    for (let host = least; host < most + 5e4; host += 997) {
      const budget = estimateMemory(recipe(30), shape, 10, { host }).largestTokenBudget
      expect(budget).toBeGreaterThanOrEqual(30)
      expect(totalOf(budget!)).toBeLessThanOrEqual(host)
      // The whole step at once may take less than in two passes, the first of which is nearly all of it.
      if (budget! < 180) expect([totalOf(budget! + 1), totalOf(180)].every((total) => total > host)).toBe(true)
    }
  })
})
