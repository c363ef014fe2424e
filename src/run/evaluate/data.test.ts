import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type HubServer, startHubServer } from '../../../test/hub-server.js'
import type { CompletionInfo } from '../../task/types.js'
import { type DataOptions, openData } from './data.js'

const root = mkdtempSync(join(tmpdir(), 'data-'))
afterAll(() => rmSync(root, { recursive: true }))

const problems = join(root, 'sums.jsonl')
writeFileSync(
  problems,
  [1, 2, 3].map((i) => `${JSON.stringify({ problem: `What is ${i}/2?`, answer: i / 2 })}\n`).join(''),
)
const recipe = join(root, 'recipe.yaml')
writeFileSync(
  recipe,
  `model: m
task: { name: arithmetic, max: 5 }
rollout: { maxNewTokens: 17, temperature: 0.9 }
eval: { samples: 6, problems: 4, seed: 3 }
`,
)

const open = async (given: string, options: Partial<DataOptions> = {}) => {
  const [data] = await openData([given], { settings: {}, chat: true, ...options })
  return data!
}

const info: CompletionInfo = { finish: 'length', tokens: 9 }

describe('a file', () => {
  it('gives all of its problems in its order, as they stand', async () => {
    const data = await open(problems)
    expect(data).toMatchObject({ name: 'sums', samples: 8, ownGrader: false })
    expect(data.problems.map(({ prompt }) => prompt)).toEqual(
      [1, 2, 3].map((i) => [{ role: 'user', content: `What is ${i}/2?` }]),
    )
    expect((await open(problems, { problems: 2 })).problems.length).toBe(2)
    expect((await open(problems, { chat: false, template: 'Q: {prompt} A:' })).problems[0]!.prompt).toBe(
      'Q: What is 1/2? A:',
    )
    expect((await open(problems, { system: 'Be brief.' })).problems[0]!.prompt).toHaveLength(2)
  })

  it('is graded by the rule asked for, cut completions as others unless told not to', async () => {
    const rewardOf = async (settings: DataOptions['settings'], completion: string) => {
      const { task, problems } = await open('sums.jsonl', { settings })
      const grade = await task.grade(completion, problems[0]!, info)
      return typeof grade === 'number' ? grade : grade.reward
    }
    const here = process.cwd()
    process.chdir(root)
    try {
      expect(await rewardOf({}, 'so \\boxed{\\frac12}')).toBe(1)
      expect(await rewardOf({ rule: 'exact' }, 'so \\boxed{\\frac12}')).toBe(0)
      expect(await rewardOf({ rule: 'dapo' }, 'Answer: 0.5')).toBe(1)
      expect(await rewardOf({ requireStop: true }, 'so \\boxed{0.5}')).toBe(0)
    } finally {
      process.chdir(here)
    }
  })
})

describe('a public data set', () => {
  it('may be read from a file, with its own instruction and number of samples', async () => {
    const data = await open(`aime24=${problems}`)
    expect(data).toMatchObject({ name: 'aime24', samples: 32, ownGrader: false })
    expect(data.problems.length).toBe(3)
    const contents = data.problems.map(({ prompt }) => (prompt as { content: string }[])[0]!.content)
    for (const content of contents)
      expect(content).toMatch(/^What is \d\/2\?\n\nPlease reason .* within \\boxed\{\}\.$/)
  })

  it('is asked in the form that the DAPO rule reads, or in that of a template', async () => {
    const first = async (options: Partial<DataOptions>) =>
      (await open(`math500=${problems}`, options)).problems.map(({ prompt }) => prompt)[0]
    expect(JSON.stringify(await first({ settings: { rule: 'dapo' } }))).toContain('of the form Answer: $Answer')
    expect(await first({ template: '{prompt} =', chat: false })).toMatch(/^What is \d\/2\? =$/)
  })

  it('has 8 samples where it is not a competition', async () => {
    expect((await open(`math500=${problems}`)).samples).toBe(8)
    expect((await open(`gsm8k=${gsm8k()}`)).problems.length).toBe(1)
  })
})

function gsm8k(): string {
  const path = join(root, 'gsm8k.jsonl')
  writeFileSync(path, `${JSON.stringify({ question: '1 + 1?', answer: 'It is 2.\n#### 2' })}\n`)
  return path
}

describe('a data set of the hub', () => {
  let hub: HubServer
  beforeAll(async () => {
    hub = await startHubServer()
    vi.stubEnv('HF_ENDPOINT', hub.url)
    vi.stubEnv('HF_HUB_CACHE', join(root, 'hub'))
    vi.stubEnv('HF_HUB_OFFLINE', '')
    vi.stubEnv('ISENTROPE_OFFLINE', '')
    const columnData = [
      { name: 'problem', data: ['How many?', 'How much?'] },
      { name: 'answer', data: ['1', '2'] },
    ]
    const parquet = Buffer.from(parquetWriteBuffer({ columnData }))
    hub.datasets['HuggingFaceH4/aime_2024'] = { 'data/train-00000-of-00001.parquet': parquet }
    hub.datasets['somebody/problems'] = {
      'data/test-00000-of-00001.parquet': parquet,
      'data/train-00000-of-00001.parquet': Buffer.from(
        parquetWriteBuffer({ columnData: columnData.map(({ name, data }) => ({ name, data: data.slice(1) })) }),
      ),
    }
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await hub.close()
  })

  it('comes by its short name', async () => {
    const { problems, samples, name } = await open('aime24')
    expect({ name, samples }).toEqual({ name: 'aime24', samples: 32 })
    expect(problems.map(({ answer }) => answer).sort()).toEqual(['1', '2'])
  })

  it('comes by owner and name, the test split or the one asked for, graded by the rule', async () => {
    const set = await open('somebody/problems', { chat: false, settings: { rule: 'exact' } })
    expect(set).toMatchObject({ name: 'somebody/problems', ownGrader: false, samples: 8 })
    expect(set.problems.map(({ prompt }) => prompt).sort()).toEqual(['How many?', 'How much?'])
    expect(await set.task.grade('\\boxed{2/2}', { id: 'x', prompt: '', answer: '1' }, info)).toMatchObject({
      reward: 0,
    })
    expect((await open('somebody/problems:train')).problems.length).toBe(1)
    await expect(open('somebody/nothing')).rejects.toThrow('somebody/nothing')
  })
})

describe('a recipe', () => {
  it('gives the problems and settings of its evaluations during training', async () => {
    const data = await open(recipe)
    expect(data).toMatchObject({
      name: 'arithmetic',
      samples: 6,
      ownGrader: true,
      settings: { maxNewTokens: 17, temperature: 0.9, seed: 3, rule: 'math' },
    })
    expect(data.problems.length).toBe(4)
    expect(await open(recipe, { samples: 2, problems: 1, settings: { seed: 0 } })).toMatchObject({
      samples: 2,
      settings: { seed: 0, maxNewTokens: 17 },
    })
  })
})

it('gives data sets names that differ, and hashes by their problems', async () => {
  const all = await openData([problems, problems, recipe], { settings: {}, chat: true })
  expect(all.map(({ name }) => name)).toEqual(['sums', 'sums (2)', 'arithmetic'])
  expect(all[0]!.hash).toBe(all[1]!.hash)
  expect(all[2]!.hash).not.toBe(all[0]!.hash)
  expect((await open(problems, { problems: 2 })).hash).not.toBe(all[0]!.hash)
})

describe('code that a run names', () => {
  const run = join(root, 'their-run')
  mkdirSync(join(run, 'checkpoints'), { recursive: true })
  let count = 0
  /** A module that leaves a file when it runs. Node runs each file once. */
  function write(): { code: string; hasRun: () => boolean } {
    const code = join(root, `theirs-${count++}.mjs`)
    const mark = `${code}.ran`
    writeFileSync(
      code,
      `import { writeFileSync } from 'node:fs'
       writeFileSync(${JSON.stringify(mark)}, '')
       const one = [{ id: '1', prompt: 'a', answer: 'b' }]
       export default { name: 'theirs', prompts: () => one, grade: () => 0 }`,
    )
    return { code, hasRun: () => existsSync(mark) }
  }

  it.each([
    ['as its task', (name: string) => ({ name })],
    ['as a reward', (name: string) => ({ name: 'arithmetic', rewards: [{ name }] })],
  ])('%s does not run where the run is data, unless --trust says so', async (_, taskOf) => {
    const { code, hasRun } = write()
    writeFileSync(join(run, 'config.yaml'), JSON.stringify({ model: 'm', task: taskOf(code) }))
    for (const given of [run, join(run, 'config.yaml')]) {
      await expect(open(given)).rejects.toMatchObject({
        message: `${given}: its recipe names code, ${code}, which would run on this machine`,
        hint: 'read that file, then give --trust',
      })
      expect(hasRun()).toBe(false)
    }
    // As a reward it is refused once it has run: it is no function.
    await open(run, { trust: true }).catch(() => {})
    expect(hasRun()).toBe(true)
  })

  it('runs where the recipe or the code itself is named', async () => {
    const [byRecipe, byName] = [write(), write()]
    writeFileSync(join(root, 'mine.yaml'), JSON.stringify({ model: 'm', task: { name: byRecipe.code } }))
    await open(join(root, 'mine.yaml'))
    await open(byName.code)
    expect([byRecipe.hasRun(), byName.hasRun()]).toEqual([true, true])
  })
})
