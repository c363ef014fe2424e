import { describe, expect, it } from 'vitest'
import { parseAs, parseRecipe } from './parse-recipe.js'
import { sftFormat, sftWarnings } from './sft-recipe.js'

const parse = (value: object) => parseAs({ model: 'm', data: { path: 'a.jsonl' }, ...value }, sftFormat)

describe('a supervised recipe', () => {
  it('fills in its defaults, the shared ones from the training recipe', () => {
    expect(parse({})).toMatchObject({
      seed: 0,
      device: 'cpu',
      data: { template: '{prompt}', chat: true, evalShare: 0, tooLong: 'drop' },
      train: { epochs: 1, examplesPerStep: 16, lr: 2e-5, schedule: 'cosine', gradClip: 1, onNonFinite: 'stop' },
      checkpoint: { every: 20, keep: 2 },
      log: [],
    })
    expect(parse({}).eval).toBeUndefined()
  })

  it.each([
    [{ train: { learningRate: 1 } }, /train.learningRate: unknown key/],
    [{ train: { examples_per_step: 4 } }, /did you mean train.examplesPerStep\?/],
    [{ lr: 1 }, /lr: unknown key; did you mean train.lr\?/],
    [{ rollout: {} }, /rollout: unknown key/],
    [{ data: {} }, /data: needs one source/],
    [{ data: { path: 'a', task: { name: 'gsm8k' } } }, /data: needs one source/],
    [{ data: { task: { name: 'gsm8k' }, system: 'x', prompt: 'p' } }, /remove data.prompt, data.system/],
    [{ eval: { every: 5 } }, /eval: has nothing to validate on/],
    [{ train: { epochs: 0 } }, /train.epochs: must be greater than 0/],
    [{ data: { task: { nmae: 'gsm8k' } } }, /data.task.name: is required; did you mean it by nmae\?/],
    [{ data: { path: 'a', tooLong: 'cut' } }, /data.tooLong: must be one of drop, truncate/],
  ])('names what is wrong: %j', (value, message) => {
    expect(() => parse(value)).toThrow(message)
    expect(() => parse(value)).toThrow(expect.objectContaining({ hint: expect.stringContaining('config --sft') }))
  })

  it('takes what validation examples there may be', () => {
    const eval_ = { every: 5 }
    expect(parse({ data: { path: 'a', evalShare: 0.1 }, eval: eval_ }).eval).toEqual({ every: 5 })
    expect(parse({ data: { path: 'a', evalPath: 'b' }, eval: eval_ }).eval).toEqual({ every: 5 })
    expect(parse({ data: { task: { name: 'gsm8k' } }, eval: eval_ }).eval).toEqual({ every: 5 })
  })

  it('tells a training recipe from its own, and the other way round', () => {
    const training = { model: 'm', task: { name: 'gsm8k' }, rollout: { maxNewTokens: 8 } }
    expect(() => parseAs(training, sftFormat)).toThrow(
      expect.objectContaining({ hint: 'this reads like a recipe of `isentrope train`.' }),
    )
    expect(() => parseRecipe({ model: 'm', data: { path: 'a' } })).toThrow(
      expect.objectContaining({ hint: 'this reads like a recipe of `isentrope sft`.' }),
    )
    expect(() => parse({ task: { name: 'gsm8k' } })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('config --sft') }),
    )
  })

  it('warns of a warm-up that never ends', () => {
    expect(sftWarnings(parse({ train: { warmupSteps: 10 } }), 10)).toHaveLength(1)
    expect(sftWarnings(parse({ train: { warmupSteps: 9 } }), 10)).toEqual([])
  })
})
