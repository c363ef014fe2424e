/** CONTRIBUTING.md, "Add a model family": one file and one entry in the index are enough. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLocalModel } from '../../src/model/open.js'
import { openSafetensors } from '../../src/model/safetensors.js'
import { type CopiedTree, copyTree } from '../copied-tree.js'
import { writeLetterTask, writeTinyModel } from '../training/tiny-model.js'

let tree: CopiedTree
beforeAll(() => {
  tree = copyTree()
})
afterAll(() => tree.dispose())

const contributing = readFileSync('CONTRIBUTING.md', 'utf8')
/** The example in CONTRIBUTING.md. */
const [, family] = /^ *```ts\n *\/\/ src\/model\/families\/mistral\.ts\n([\s\S]*?)^ *```/m.exec(contributing)!

/** A line of JSON for each line of text. */
const jsonLines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('a family that is one file and one entry in the index', () => {
  let model: string
  const golden = JSON.parse(readFileSync('test/fixtures/models/llama/golden.json', 'utf8')) as {
    input_ids: number[][]
    logits: number[][][]
  }
  const isentrope = (...args: string[]) => tree.run('bin/isentrope.js', args)

  /** log p of every token of the first sequence, from the logits of transformers. */
  const expected = golden.input_ids[0].slice(1).map((token, i) => {
    const logits = golden.logits[0][i]
    const top = Math.max(...logits)
    return logits[token] - top - Math.log(logits.reduce((sum, z) => sum + Math.exp(z - top), 0))
  })

  function score(directory: string): number[] {
    const input = JSON.stringify({ tokens: golden.input_ids[0] })
    const { status, stdout, stderr } = tree.run('bin/isentrope.js', ['score', '--model', directory, '--json'], {
      input,
    })
    expect(status, stderr).toBe(0)
    return jsonLines(stdout)[0].logprobs.slice(1)
  }

  beforeAll(() => {
    model = writeTinyModel(join(tree.root, 'tiny'))
    const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'))
    writeFileSync(
      join(model, 'config.json'),
      JSON.stringify({ ...config, model_type: 'mistral', architectures: ['MistralForCausalLM'] }),
    )
    tree.write('src/model/families/mistral.ts', family)
    tree.replace(
      'src/model/families/index.ts',
      "import { qwen2 } from './qwen2.js'\n",
      "import { mistral } from './mistral.js'\nimport { qwen2 } from './qwen2.js'\n",
    )
    tree.replace('src/model/families/index.ts', 'internlm3] as const', 'internlm3, mistral] as const')
    tree.build()
  })

  it('is refused by name without them', () => {
    expect(() => openLocalModel(model)).toThrow(/unsupported architecture \(model_type "mistral", MistralForCausalLM\)/)
  })

  it('loads, and scores as transformers does', () => {
    score(model).forEach((logprob, i) => {
      expect(Math.abs(logprob - expected[i])).toBeLessThanOrEqual(1e-4 * (1 + Math.abs(expected[i])))
    })
  })

  it('is in the plan, trains, and is saved as itself', () => {
    const task = writeLetterTask(join(tree.root, 'letters.mjs'))
    const recipe = join(tree.root, 'recipe.yaml')
    writeFileSync(
      recipe,
      JSON.stringify({
        name: 'tiny',
        model,
        threads: 1,
        task: { name: task },
        rollout: { promptsPerStep: 2, samplesPerPrompt: 2, maxNewTokens: 8 },
        // A step of size 0 leaves the weights, and so the scores, as they are.
        train: { steps: 1, lr: 0, weightDecay: 0 },
        checkpoint: { every: 1 },
      }),
    )
    const plan = isentrope('train', recipe, '--dry-run')
    expect(plan.status, plan.stderr).toBe(0)
    expect(`${plan.stdout}${plan.stderr}`).toMatch(/mistral, [\d.]+k? parameters, 2 layers/)

    const run = join(tree.root, 'run')
    const trained = isentrope('train', recipe, '--run', run)
    expect(trained.status, trained.stderr).toBe(0)
    const saved = join(run, 'checkpoints/step-000001/model')
    const config = JSON.parse(readFileSync(join(saved, 'config.json'), 'utf8'))
    expect(config).toMatchObject({ model_type: 'mistral', architectures: ['MistralForCausalLM'] })
    const [before, after] = [model, saved].map((directory) => openSafetensors(join(directory, 'model.safetensors')))
    expect([...after.tensors.keys()].sort()).toEqual([...before.tensors.keys()].sort())
    for (const file of [before, after]) file.close()
    expect(score(saved)).toEqual(score(model))
  })

  it('is in the documentation', () => {
    expect(tree.run('scripts/docs.js')).toMatchObject({ status: 0, stderr: '' })
    for (const page of ['docs/models.md', 'README.md']) expect(tree.read(page)).toContain('Mistral')
  })
})
