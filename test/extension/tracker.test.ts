/** CONTRIBUTING.md, "Add a tracker": one file and one entry in the index are enough. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CopiedTree, copyTree } from '../copied-tree.js'
import { writeLetterTask, writeTinyModel } from '../training/tiny-model.js'

/** The example in CONTRIBUTING.md. */
const [, tracker] = /^ *```ts\n *\/\/ src\/trackers\/csv\.ts\n([\s\S]*?)^ *```/m.exec(
  readFileSync('CONTRIBUTING.md', 'utf8'),
)!
const contract = 'src/trackers/contract.test.ts'

describe('a tracker that is one file and one entry in the index', () => {
  let tree: CopiedTree
  let recipe: string
  const isentrope = (...args: string[]) => {
    const { status, stdout, stderr } = tree.run('bin/isentrope.js', args)
    return { status, text: `${stdout}${stderr}`, stdout }
  }

  beforeAll(() => {
    tree = copyTree()
    tree.write('src/trackers/csv.ts', tracker!)
    const index = 'src/trackers/index.ts'
    tree.replace(index, 'import { tensorboard }', "import { csv } from './csv.js'\nimport { tensorboard }")
    tree.replace(index, 'trackers = [tensorboard]', 'trackers = [tensorboard, csv]')
    tree.build()
    recipe = join(tree.root, 'recipe.yaml')
    tree.write(
      'recipe.yaml',
      JSON.stringify({
        name: 'tiny',
        model: writeTinyModel(join(tree.root, 'tiny')),
        threads: 1,
        task: { name: writeLetterTask(join(tree.root, 'letters.mjs')) },
        rollout: { promptsPerStep: 4, samplesPerPrompt: 4, maxNewTokens: 8 },
        train: { steps: 2, lr: 1e-3 },
        log: ['tensorboard', { name: 'csv', keys: ['reward_mean', 'loss'] }],
      }),
    )
  })
  afterAll(() => tree.dispose())

  it('is in the reference of recipes, with its options', () => {
    expect(isentrope('config', 'log').text.replaceAll(/\s+/g, ' ')).toContain(
      'csv: a CSV file in the run directory, one row a step. Its options: file (text, default metrics.csv): Name of the file. keys',
    )
    expect(isentrope('config', '--sft', 'log').text).toMatch(/tensorboard \| csv/)
  })

  it('is checked as the others are', () => {
    const refused = (log: string) => isentrope('train', recipe, '--dry-run', '--set', `log=${log}`)
    expect(refused('[cssv]')).toMatchObject({ status: 2, text: expect.stringContaining('did you mean csv?') })
    expect(refused('{name: csv, path: x}').text).toContain('log.path: unknown key; the options of csv are file, keys')
    expect(refused('[{name: csv, file: 3}]').text).toContain('log.0.file: must be text (got 3)')
    expect(refused('csv').status).toBe(0)
  })

  it('is given every step, also of a resumed run', () => {
    const run = join(tree.root, 'run')
    const trained = isentrope('train', recipe, '--run', run)
    expect(trained.status, trained.text).toBe(0)
    const resumed = isentrope('train', recipe, '--run', run, '--resume', '--set', 'train.steps=3')
    expect(resumed.status, resumed.text).toBe(0)
    const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trimEnd().split('\n')
    const expected = lines.map((line) => {
      const { step, reward_mean, loss = '' } = JSON.parse(line)
      return `${step},${reward_mean},${loss}\n`
    })
    expect(readFileSync(join(run, 'metrics.csv'), 'utf8')).toBe(`step,reward_mean,loss\n${expected.join('')}`)
    expect(lines).toHaveLength(3)
  })

  it('joins the contract that every tracker keeps', () => {
    tree.write(contract, readFileSync(contract, 'utf8'))
    const { status, stdout, stderr } = tree.run('node_modules/vitest/vitest.mjs', ['run', contract, '-t', 'csv'])
    expect(status, `${stdout}${stderr}`).toBe(0)
    expect(stdout).toMatch(/3 passed/)
  })
})
