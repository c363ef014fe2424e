/** What counts as solved is the task's own verdict. Runs of the bundled policy through the engine's thread: build first. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseRecipe } from '../../src/recipe/index.js'
import type { RecipeInput } from '../../src/recipe/input.js'
import { readRun } from '../../src/report/pages/run/data.js'
import { writeRunReport } from '../../src/report/pages/run/run.js'
import { evaluateModels } from '../../src/run/evaluate/session.js'
import { filterData } from '../../src/run/filter/filter.js'
import { train } from '../../src/run/train/train.js'
import type { GradedCompletion, TrainEvent } from '../../src/train/events.js'

const root = mkdtempSync(join(tmpdir(), 'verdict-'))
afterAll(() => rmSync(root, { recursive: true }))

const countdown = {
  name: 'countdown',
  style: 'compact',
  operations: ['+', '-'],
  targetMin: 1,
  targetMax: 20,
  minSolutions: 4,
}

/** The same problems and the same completions, graded by a rule of its own. */
function taskFile(name: string, grade: string): string {
  const path = join(root, `${name}.mjs`)
  writeFileSync(
    path,
    `const problems = Array.from({ length: 40 }, (_, i) => ({ id: String(i), prompt: \`\${1 + (i % 7)},2,3,\${1 + (i % 5)}=\${2 + (i % 9)}:\` }))
export default {
  name: '${name}',
  prompts: (_rng, split) => problems.filter((_, i) => (i % 2 === 0) === (split === 'eval')),
  grade: (completion, example, { finish }) => ${grade},
}
`,
  )
  return path
}

let count = 0
async function run(task: RecipeInput['task'], changes: Partial<RecipeInput> = {}) {
  const runDirectory = join(root, `run-${count++}`)
  const events: TrainEvent[] = []
  const recipe = parseRecipe({
    model: 'quickstart/policy',
    threads: 1,
    task,
    rollout: { promptsPerStep: 4, samplesPerPrompt: 4, maxNewTokens: 24 },
    train: { steps: 2, lr: 5e-4 },
    eval: { every: 2, samples: 4, problems: 12 },
    checkpoint: { every: 1 },
    ...changes,
  })
  const summary = await train(recipe, { runDirectory, onEvent: (event) => events.push(event) })
  const rollouts = events.flatMap((event): GradedCompletion[] => (event.type === 'step' ? event.rollouts : []))
  return { runDirectory, summary, events, rollouts, ...readRun(runDirectory) }
}

describe('what is solved', () => {
  it('does not depend on weights, penalties, or further rewards', async () => {
    const variants: NonNullable<RecipeInput['task']['rewards']>[] = [
      ['task'],
      [{ name: 'task', weight: 0.5 }],
      ['task', { name: 'overlong', maxTokens: 4, buffer: 3 }],
      ['task', { name: 'format', pattern: '^', weight: -2 }],
      [
        { name: 'task', weight: 0 },
        { name: 'format', pattern: '[+]', weight: 3 },
      ],
    ]
    const starts = []
    for (const rewards of variants) {
      const { evals, metrics, rollouts } = await run({ ...countdown, rewards } as RecipeInput['task'], {
        train: { steps: 1 },
      })
      const { reward_mean, ...solved } = evals[0]!
      starts.push(solved)
      expect(Number.isFinite(reward_mean)).toBe(true)
      const right = rollouts.filter(({ correct }) => correct).length
      expect(metrics[0]!.correct_mean).toBe(right / rollouts.length)
      for (const { correct, rewardParts } of rollouts) expect(rewardParts!.task).toBe(correct ? 1 : 0)
    }
    expect(starts[0]!.avg_at_k).toBeGreaterThan(0.2)
    for (const start of starts) expect(start).toEqual(starts[0])
  })

  it('has its parts in metrics, rollouts, and the page', async () => {
    const rewards = [
      { name: 'task', weight: 0.5 },
      { name: 'overlong', maxTokens: 8, buffer: 6, weight: 0.25 },
    ]
    const { runDirectory, metrics, rollouts } = await run({ ...countdown, rewards } as RecipeInput['task'])
    const last = rollouts.slice(-16)
    const mean = (of: (one: GradedCompletion) => number) => last.reduce((sum, one) => sum + of(one), 0) / last.length
    expect(metrics[1]!['reward/task']).toBeCloseTo(
      mean(({ rewardParts }) => rewardParts!.task!),
      12,
    )
    expect(metrics[1]!['reward/overlong']).toBeCloseTo(
      mean(({ rewardParts }) => rewardParts!.overlong!),
      12,
    )
    for (const { reward, rewardParts } of rollouts) {
      expect(reward).toBeCloseTo(0.5 * rewardParts!.task! + 0.25 * rewardParts!.overlong!, 12)
    }
    const page = readFileSync(await writeRunReport(runDirectory), 'utf8')
    expect(page.includes('id="reward-parts"')).toBe(true)
    expect(/(right|wrong)[^<]*<[^>]*>[^<]*<[^>]*>reward [^<]*\(task [01], overlong /.test(page)).toBe(true)
  })
})

describe('a task that grades without a verdict', () => {
  const graded = taskFile('graded', '({ reward: completion.length / 24 })')

  it('is selected by the mean reward of the evaluation, and has no Avg@K', async () => {
    const { runDirectory, summary, evals, metrics, rollouts } = await run({ name: graded })
    for (const line of evals) {
      for (const key of ['avg_at_k', 'pass_at_k', 'pass_histogram', 'solved', 'avg_at_k_interval']) {
        expect(line).not.toHaveProperty(key)
      }
    }
    expect(metrics[0]).not.toHaveProperty('correct_mean')
    expect(rollouts[0]).not.toHaveProperty('correct')
    const best = evals.at(-1)!
    expect(summary.best).toMatchObject({ metric: 'reward_mean', step: 2, value: best.reward_mean })
    expect(summary.eval_last).toMatchObject({ step: 2, reward_mean: best.reward_mean })
    const page = readFileSync(await writeRunReport(runDirectory), 'utf8')
    expect(page.includes('Held-out reward')).toBe(true)
    expect(page.includes('Avg@')).toBe(false)
  })

  it('refuses a best checkpoint by Avg@K before anything is trained', async () => {
    const refused = run({ name: graded }, { checkpoint: { best: 'avg_at_k' } })
    await expect(refused).rejects.toThrow('checkpoint.best: there is no avg_at_k')
  })

  it('has no pass rate to filter by, and its reward in an evaluation', async () => {
    const shared = { maxNewTokens: 24, samples: 2, threads: 1 }
    const out = join(root, 'filtered')
    await expect(filterData({ model: 'quickstart/policy', data: { name: graded }, out, ...shared })).rejects.toThrow(
      'does not say which completions are correct',
    )
    const { results, differences } = await evaluateModels({
      models: ['quickstart/policy'],
      data: [{ name: graded }],
      problems: 4,
      chat: false,
      ...shared,
    })
    expect(results[0]).not.toHaveProperty('avg_at_k')
    expect(results[0]!.reward_mean).toBeGreaterThan(0)
    expect(differences).toEqual([])
  })

  it('has one where it says so', async () => {
    const judged = taskFile('judged', "({ reward: -1, correct: finish === 'stop' })")
    const { evals, summary } = await run({ name: judged }, { train: { steps: 1 } })
    expect(evals[0]!.avg_at_k).toBeGreaterThan(0.9)
    expect(evals[0]!.reward_mean).toBe(-1)
    expect(summary.best?.metric).toBe('avg_at_k')
  })
})

it('a run that never earns a reward says so and ends well', async () => {
  const hopeless = taskFile('hopeless', '0')
  const { events, summary, warnings } = await run({ name: hopeless }, { train: { steps: 2 }, eval: undefined })
  expect(summary.interrupted).toBe(false)
  expect(events.flatMap((event) => (event.type === 'warning' ? [event.step] : []))).toEqual([2])
  expect(warnings[0]).toMatchObject({ step: 2, message: expect.stringContaining('no completion has earned a reward') })
})

it('a grader that throws is named with its line', async () => {
  const path = taskFile('broken', 'completion.missing.part')
  const failure = run({ name: path, retries: 0 } as RecipeInput['task'])
  await expect(failure).rejects.toMatchObject({
    message: expect.stringContaining("the grader: Cannot read properties of undefined (reading 'part')"),
    hint: `thrown at ${path}:5:66`,
  })
})
