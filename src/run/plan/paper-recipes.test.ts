import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { headerOf, needsOf, paperDocs, paperPlan, paperRecipes, pathOf, tableRows } from '../../../test/paper-plans.js'

/** As the published weights have them (safetensors' own counts; InternLM3: 48 x 161,488,896 + 2 x 128,512 x 4,096 + 4,096). */
const parameters: Record<string, number> = {
  'qwen2.5-7b': 7_615_616_512,
  'qwen2.5-14b': 14_770_033_664,
  'qwen3-8b': 8_190_735_360,
  'r1-distill-llama-8b': 8_030_261_248,
  'internlm3-8b': 48 * 161_488_896 + 2 * 128_512 * 4096 + 4096,
}

describe('the recipes of the paper', () => {
  it('are the five models by GRPO and by PPO', () => {
    const models = Object.keys(parameters)
    expect(paperRecipes()).toEqual([...models, ...models.map((name) => `${name}-ppo`)].sort())
  })

  it.each(paperRecipes())('%s is valid with every clip, and needs what its header says', async (name) => {
    const { recipe, plan } = await paperPlan(name)
    expect(plan.model.parameters).toBe(parameters[name.replace(/-ppo$/, '')])
    expect(recipe.name).toBe(name)
    expect(recipe.algorithm.name).toBe(name.endsWith('-ppo') ? 'ppo' : 'grpo')
    expect(plan.warnings).toEqual([])
    expect(readFileSync(pathOf(name), 'utf8').split('\n')).toContain(headerOf(plan))
    // One GPU of 139 GiB, as the headers promise.
    expect(plan.memory!.total).toBeLessThan(139 * 2 ** 30)
    for (const method of ['clip-b', 'clip-v']) {
      const clipped = await paperPlan(name, [`entropy.method=${method}`])
      expect(clipped.plan.memory).toEqual(plan.memory)
      expect(clipped.recipe.entropy).toMatchObject({ method, preset: 'trinity' })
    }
  })

  it('stand in the documentation with what they need', async () => {
    const docs = readFileSync(paperDocs, 'utf8')
    for (const row of await tableRows()) expect(docs).toContain(row)
    for (const [name, ...sets] of [
      ['qwen2.5-14b', 'lora=', 'train.lr=1e-6'],
      ['qwen2.5-7b-ppo', 'critic.trunk=own'],
    ]) {
      expect(docs).toContain(needsOf((await paperPlan(name, sets)).plan))
    }
    const { plan } = await paperPlan('qwen2.5-7b', ['train.optimizerDevice=cuda'])
    expect(docs).toContain(`a 7B model then needs ${needsOf(plan).split(' on ')[0]} there`)
  })
})
