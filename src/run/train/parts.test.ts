import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseRecipe } from '../../recipe/index.js'
import { describeModel } from './parts.js'

const policy = 'quickstart/policy'
const root = mkdtempSync(join(tmpdir(), 'isentrope-parts-'))
afterAll(() => rmSync(root, { recursive: true }))

function directoryOf(name: string, ...files: string[]): string {
  const directory = join(root, name)
  mkdirSync(directory)
  for (const file of files) copyFileSync(join(policy, file), join(directory, file))
  return directory
}

// The policy has 128 positions.
const rollout = { maxNewTokens: 24 }
const shapeOf = (model: string, changes: object = {}, planOnly = true) =>
  describeModel(parseRecipe({ model, task: { name: 'countdown', style: 'compact' }, rollout, ...changes }), {
    planOnly,
  })

describe('describeModel', () => {
  it('knows a model by its config.json and tokenizer what it knows by its weights', async () => {
    const { path: _, reference: __, ...whole } = await shapeOf(policy)
    const {
      path: ___,
      reference: ____,
      ...sketch
    } = await shapeOf(directoryOf('small', 'config.json', 'tokenizer.json', 'tokenizer_config.json'))
    expect(sketch).toEqual({ ...whole, weightsHere: false })
    expect(whole.weightsHere).toBe(true)
  })

  it('plans by a config.json alone, and trains not without a tokenizer', async () => {
    const bare = directoryOf('bare', 'config.json')
    const shape = await shapeOf(bare)
    expect(shape).toMatchObject({ weightsHere: false, missing: [expect.stringMatching(/bare has no tokenizer$/)] })
    expect(shape.promptTokens).toBeUndefined()
    await expect(shapeOf(bare, {}, false)).rejects.toThrow(/bare has no tokenizer$/)
  })

  it('says that a directory has weights of another kind', async () => {
    const pickled = directoryOf('pickled', 'config.json')
    writeFileSync(join(pickled, 'pytorch_model.bin'), 'x')
    await expect(shapeOf(pickled)).rejects.toThrow(/has neither model.safetensors nor/)
  })

  it('plans before the data is there, and refuses to train', async () => {
    const absent = { task: { name: './no-such-directory' } }
    expect(await shapeOf(policy, absent)).toMatchObject({ missing: [expect.stringMatching(/there is no directory/)] })
    await expect(shapeOf(policy, absent, false)).rejects.toThrow(/there is no directory/)
    const rates = { task: { name: 'countdown', passRates: { path: './no-rates' } } }
    expect((await shapeOf(policy, rates)).missing).toEqual([expect.stringMatching(/no directory .*no-rates/)])
  })

  it.each([{ name: 'arithmetics' }, { name: './missing.jsonl' }, { name: 'arithmetic', maxx: 3 }])(
    'refuses a wrong task in a plan too: %o',
    async (task) => {
      await expect(shapeOf(policy, { task })).rejects.toThrow()
    },
  )
})
