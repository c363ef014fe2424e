import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadAs, loadRecipe } from './load-recipe.js'
import { sftFormat } from './sft-recipe.js'

const directory = fileURLToPath(new URL('../../recipes/', import.meta.url))
const load = (name: string) => loadRecipe(`${directory}/${name}.yaml`)

describe('the recipes that come with the package', () => {
  it.each(readdirSync(directory).filter((file) => file.endsWith('.yaml')))('%s is valid', (file) => {
    const name = file.slice(0, -5)
    const recipe = name.startsWith('sft-') ? loadAs(`${directory}/${file}`, sftFormat) : load(name)
    expect(recipe.name).toBe(name)
  })

  it.each(['clip-b', 'clip-v'])('arithmetic-smollm2-%s differs from GRPO in its method alone', (method) => {
    const { name: _, entropy: __, ...grpo } = load('arithmetic-smollm2-grpo')
    const { name: ___, entropy, ...clip } = load(`arithmetic-smollm2-${method}`)
    expect(clip).toEqual(grpo)
    expect(entropy.method).toBe(method)
  })
})
