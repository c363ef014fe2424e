import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { fakeModelShape, fakeRecipe } from '../../../test/fake-run.js'
import type { RecipeInput } from '../../recipe/input.js'
import { parseAs, trainFormat } from '../../recipe/parse-recipe.js'
import type { Recipe } from '../../recipe/schema.js'
import { sftFormat } from '../../recipe/sft-recipe.js'
import { layerWork } from './layer-work.js'
import { resolveDtype } from './resolve-dtype.js'

const never = () => Promise.reject(new Error('nothing is to be measured'))
const auto = (changes: Partial<RecipeInput> = {}): Recipe => ({ ...fakeRecipe(changes), dtype: 'auto' })
const measured = (float32: number, bfloat16: number) => async () => ({ float32, bfloat16 })

describe('dtype: auto', () => {
  it.each([
    [2e-6, 1e-6, 'bfloat16'],
    [1e-6, 1e-6, 'float32'],
    [1e-6, 2e-6, 'float32'],
    // 8 % may be a measurement's error, 12 % is not.
    [1.08e-6, 1e-6, 'float32'],
    [1.12e-6, 1e-6, 'bfloat16'],
  ])('%d s in float32 and %d s in bfloat16: %s', async (float32, bfloat16, dtype) => {
    const { recipe, choice } = await resolveDtype(auto(), trainFormat, {}, measured(float32, bfloat16))
    expect(recipe).toEqual({ ...auto(), dtype })
    expect(choice).toEqual({ by: 'measurement', secondsPerToken: { float32, bfloat16 } })
  })

  it('leaves a given type alone, without a measurement', async () => {
    const given = fakeRecipe({ dtype: 'float16' })
    expect(await resolveDtype<Recipe>(given, trainFormat, {}, never)).toEqual({ recipe: given })
  })

  it('keeps the type of a run that goes on', async () => {
    const runDirectory = mkdtempSync(join(tmpdir(), 'isentrope-dtype-'))
    try {
      const resumed = { runDirectory, resume: true }
      // A directory without a run yet: measured.
      const first = await resolveDtype(auto(), trainFormat, resumed, measured(2, 1))
      expect(first.recipe.dtype).toBe('bfloat16')
      writeFileSync(join(runDirectory, 'config.yaml'), stringify(first.recipe))
      const second = await resolveDtype(auto(), trainFormat, resumed, never)
      expect(second).toEqual({ recipe: first.recipe, choice: { by: 'run' } })
      // A run that does not go on measures, and then finds the directory in use.
      const anew = await resolveDtype(auto(), trainFormat, { runDirectory }, measured(1, 1))
      expect(anew.recipe.dtype).toBe('float32')
    } finally {
      rmSync(runDirectory, { recursive: true })
    }
  })
})

describe('the work that is measured', () => {
  const products = [
    [(2 + 2 * 1) * 4, 8],
    [8, 2 * 4],
    [2 * 16, 8],
    [8, 16],
  ]
  const config = {
    ...fakeModelShape.config,
    hiddenSize: 8,
    intermediateSize: 16,
    heads: 2,
    kvHeads: 1,
    headDim: 4,
    layers: 3,
  }

  it('is sampling as many rows as pass at once, and training on each token once an epoch', () => {
    const recipe = auto({
      rollout: { promptsPerStep: 3, samplesPerPrompt: 4, maxNewTokens: 100, batchSize: 64 },
      train: { steps: 1, tokenBudget: 50, epochs: 2 },
    })
    expect(layerWork(recipe, { parameters: 1e3, config })).toEqual({
      device: 'cpu',
      products,
      layers: 3,
      decoding: { rows: 12, packed: false },
      training: { rows: 50, weightGradients: true, passes: 2 },
    })
    // 10^8 float32 weights are beyond the 64 MiB from which on decoding packs them; below an adapter it does not.
    expect(layerWork(recipe, { parameters: 1e8, config }).decoding?.packed).toBe(true)
    const adapted = layerWork({ ...recipe, lora: { dropout: 0 } }, { parameters: 1e8, config })
    expect(adapted).toMatchObject({ decoding: { packed: false }, training: { weightGradients: false } })
  })

  it('of a supervised recipe is training alone', () => {
    const recipe = parseAs({ model: 'm', data: { path: 'd.jsonl' }, train: { epochs: 5, tokenBudget: 9 } }, sftFormat)
    expect(layerWork(recipe, { parameters: 1e3, config })).toEqual({
      device: 'cpu',
      products,
      layers: 3,
      training: { rows: 9, weightGradients: true, passes: 1 },
    })
  })
})
