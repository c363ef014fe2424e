/** Recipes that are no recipes: each is refused in words, within moments, however large it is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { schemaEntries } from '../base/schema/entries.js'
import { aliases } from './aliases.js'
import { loadRecipe } from './load-recipe.js'
import { recipeSchema } from './schema.js'

const root = mkdtempSync(join(tmpdir(), 'hostile-'))
afterAll(() => rmSync(root, { recursive: true }))

function refusal(text: string, sets: string[] = []): string {
  const path = join(root, 'recipe.yaml')
  writeFileSync(path, text)
  try {
    loadRecipe(path, sets)
  } catch (error) {
    expect((error as Error).name).toBe('UserError')
    return (error as Error).message.replaceAll(path, 'FILE')
  }
  throw new Error('was not refused')
}

const head = 'model: x\ntask: {name: countdown}\n'

describe('a recipe that is', () => {
  it.each([
    [
      'an alias inside its anchor',
      'model: x\ntask: &t {name: countdown, more: *t}\n',
      'an alias (*name) stands inside',
    ],
    ['nested beyond the parser', `model: x\ntask: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`, 'nested too deeply'],
    ['nested beyond a recipe', `model: x\ntask: {name: a, k: ${'['.repeat(100)}${']'.repeat(100)}}\n`, '32 levels'],
    ['larger than any', `${head}# ${'x'.repeat(2 ** 20)}\n`, 'more than any recipe needs'],
    ['a key twice', 'model: x\nmodel: y\ntask: {name: a}\n', 'FILE:2:1: Map keys must be unique'],
  ])('%s', (_, text, message) => {
    expect(refusal(text)).toContain(message)
  })

  it('full of unknown keys names the first and counts the rest', () => {
    const keys = Array.from({ length: 50_000 }, (_, i) => `k${i}: 1\n`).join('')
    const message = refusal(head + keys)
    expect(message).toContain('FILE:3:1: k0: unknown key')
    expect(message).toContain('has 49980 more unknown keys')
    expect(message.length).toBeLessThan(10_000)
  })

  it('long in a key, a value, or an assignment is quoted in part', () => {
    expect(refusal(`${head}${'b'.repeat(900)}: 3\n`).length).toBeLessThan(600)
    expect(refusal(`${head}train: {lr: ${'a'.repeat(100_000)}}\n`).length).toBeLessThan(300)
    expect(refusal(head, [`train.lr=${'a'.repeat(100_000)}`]).length).toBeLessThan(500)
    expect(refusal(head, ['x'.repeat(100_000)]).length).toBeLessThan(300)
  })
})

describe('names that other tools have', () => {
  it.each([
    ['learning_rate: 1', 'train.lr'],
    ['num_generations: 8', 'rollout.samplesPerPrompt'],
    ['batch_size: 8', 'rollout.promptsPerStep'],
    ['max_completion_length: 8', 'rollout.maxNewTokens'],
    ['rollout: {max_completion_length: 8}', 'rollout.maxNewTokens'],
    ['train: {max_grad_norm: 1}', 'train.gradClip'],
  ])('%s points to %s', (line, ours) => {
    expect(refusal(`${head}${line}\n`)).toContain(`unknown key; here it is ${ours}`)
  })

  it('point to keys that there are', () => {
    const known = new Set(['task.rewards', ...schemaEntries(recipeSchema).map(({ path }) => path)])
    expect(Object.entries(aliases).filter(([name, ours]) => !known.has(ours) || /[A-Z_-]/.test(name))).toEqual([])
  })
})
