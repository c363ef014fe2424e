/** CONTRIBUTING.md, "Add an entropy method": one file and one entry in the index are enough. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRolloutRows } from '../../src/run/store/rollout-rows.js'
import { type CopiedTree, copyTree } from '../copied-tree.js'
import { writeLetterTask, writeTinyModel } from '../training/tiny-model.js'

/** The example in CONTRIBUTING.md. */
const [, method] = /^ *```ts\n *\/\/ src\/entropy\/methods\/early-tokens\.ts\n([\s\S]*?)^ *```/m.exec(
  readFileSync('CONTRIBUTING.md', 'utf8'),
)!
const kept = 3
const contract = 'src/entropy/methods/contract.test.ts'

describe('an entropy method that is one file and one entry in the index', () => {
  let tree: CopiedTree
  let recipe: string
  const isentrope = (...args: string[]) => {
    const { status, stdout, stderr } = tree.run('bin/isentrope.js', args)
    return { status, text: `${stdout}${stderr}`, stdout, stderr }
  }

  beforeAll(() => {
    tree = copyTree()
    tree.write('src/entropy/methods/early-tokens.ts', method)
    const index = 'src/entropy/methods/index.ts'
    tree.replace(
      index,
      "import { entropyBonusMethod } from './entropy-bonus.js'\n",
      "import { earlyTokensMethod } from './early-tokens.js'\nimport { entropyBonusMethod } from './entropy-bonus.js'\n",
    )
    tree.replace(index, '  highEntropyMethod,\n', '  highEntropyMethod,\n  earlyTokensMethod,\n')
    tree.build()
    recipe = join(tree.root, 'recipe.yaml')
    writeFileSync(
      recipe,
      JSON.stringify({
        name: 'tiny',
        model: writeTinyModel(join(tree.root, 'tiny')),
        threads: 1,
        task: { name: writeLetterTask(join(tree.root, 'letters.mjs')) },
        rollout: { promptsPerStep: 4, samplesPerPrompt: 4, maxNewTokens: 8 },
        entropy: { method: ['early-tokens', 'prob-weight'], earlyTokens: { count: kept } },
        train: { steps: 1, lr: 1e-3 },
      }),
    )
  })
  afterAll(() => tree.dispose())

  it('is in the reference of recipes, with its options', () => {
    expect(isentrope('config', 'entropy.method').text).toMatch(/\| high-entropy\s*\| early-tokens\s*\|/)
    const { status, text } = isentrope('config', 'entropy.earlyTokens')
    expect(status).toBe(0)
    expect(text).toMatch(/entropy\.earlyTokens\.count {2}whole number >= 1, default 8/)
  })

  it('is checked as the others are', () => {
    const { status, text } = isentrope('train', recipe, '--dry-run', '--set', 'entropy.method=none')
    expect(status).toBe(2)
    expect(text).toMatch(/entropy\.earlyTokens: has no effect while entropy\.method is none; set .*: early-tokens,/)
    expect(isentrope('train', recipe, '--dry-run', '--set', 'entropy.earlyTokens.count=0').text).toMatch(
      /entropy\.earlyTokens\.count=0: must be at least 1 \(got 0\)/,
    )
  })

  it('is in the plan', () => {
    const { status, text } = isentrope('train', recipe, '--dry-run')
    expect(status, text).toBe(0)
    expect(text).toMatch(/entropy +early-tokens \+ prob-weight/)
  })

  it('trains, and the atlas has a row of it', async () => {
    const run = join(tree.root, 'run')
    const trained = isentrope('train', recipe, '--run', run)
    expect(trained.status, trained.text).toBe(0)
    const rows = await readRolloutRows(join(run, 'rollouts/step-000001.parquet'))
    for (const { gradMask } of rows) expect(gradMask).toEqual(gradMask.map((_, t) => t < kept))
    const tokens = rows.reduce((sum, row) => sum + row.tokens.length, 0)
    const masked = rows.reduce((sum, row) => sum + Math.max(0, row.tokens.length - kept), 0)
    const [line] = readFileSync(join(run, 'metrics.jsonl'), 'utf8').split('\n')
    expect(JSON.parse(line).masked_fraction).toBeCloseTo(masked / tokens, 12)
    expect(masked).toBeGreaterThan(0)

    const withAdvantage = rows.filter(({ advantage }) => advantage[0] !== 0)
    const count = (of: (length: number) => number) => withAdvantage.reduce((sum, row) => sum + of(row.tokens.length), 0)
    const atlas = isentrope('atlas', run, '--json')
    expect(atlas.status, atlas.text).toBe(0)
    const row = JSON.parse(atlas.stdout).rows.find((one: { method: string }) => one.method === 'early-tokens')
    expect(row.tokensKept).toBeCloseTo(count((length) => Math.min(length, kept)) / count((length) => length), 12)
  })

  it('is in the documentation', () => {
    expect(tree.run('scripts/docs.js')).toMatchObject({ status: 0, stderr: '' })
    expect(tree.read('docs/methods.md')).toContain(
      '| early-tokens | gradient at the first tokens of each completion alone | earlyTokens.count 8 | [2602.03392]',
    )
    expect(isentrope('config', '--markdown').stdout).toContain('| `entropy.earlyTokens.count` |')
  })

  it('joins the contract that every method keeps', () => {
    tree.write(contract, readFileSync(contract, 'utf8'))
    const { status, stdout, stderr } = tree.run('node_modules/vitest/vitest.mjs', [
      'run',
      contract,
      '-t',
      'early-tokens',
    ])
    expect(status, `${stdout}${stderr}`).toBe(0)
    expect(stdout).toMatch(/1[0-9] passed/)
  })
})
