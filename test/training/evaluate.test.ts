/** Evaluation with a tiny model through the engine's thread, which loads the compiled files: build first. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../../src/recipe/index.js'
import { evaluate } from '../../src/run/evaluate/evaluate.js'
import { evaluateModels } from '../../src/run/evaluate/session.js'
import { train } from '../../src/run/train/train.js'
import type { EvalMetrics } from '../../src/train/events.js'
import { tinySetUp } from './tiny-model.js'

const { root, model, task } = tinySetUp('evaluation-')

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

async function run(name: string, evaluation?: object): Promise<string> {
  const recipe = parseRecipe({
    model,
    threads: 1,
    task: { name: task },
    rollout: { promptsPerStep: 4, samplesPerPrompt: 4, maxNewTokens: 8 },
    train: { steps: 3, lr: 1e-2, updatesPerBatch: 2 },
    checkpoint: { every: 3, keep: 3 },
    ...(evaluation ? { eval: evaluation } : {}),
  })
  const runDirectory = join(root, name)
  await train(recipe, { runDirectory })
  return runDirectory
}

describe('evaluation during training', () => {
  it('does not disturb the run, and is what an evaluation of the checkpoint finds', async () => {
    const without = await run('without')
    const evaluated = await run('with', { every: 1, samples: 4, problems: 3, seed: 11 })
    // All but the clock and the memory.
    const repeatable = (directory: string) =>
      linesOf(join(directory, 'metrics.jsonl')).map((line) =>
        Object.fromEntries(Object.entries(line).filter(([key]) => !/^time$|seconds|per_s$|rss_bytes/.test(key))),
      )
    expect(repeatable(evaluated)).toEqual(repeatable(without))
    const weights = (directory: string) =>
      readFileSync(join(directory, 'checkpoints', 'step-000003', 'model', 'model.safetensors'))
    expect(weights(evaluated).equals(weights(without))).toBe(true)

    const evaluations: EvalMetrics[] = linesOf(join(evaluated, 'eval.jsonl'))
    expect(evaluations.map(({ step }) => step)).toEqual([0, 1, 2, 3])
    const checkpoint = join(evaluated, 'checkpoints', 'step-000003')
    const { results, models, data } = await evaluateModels({
      models: [checkpoint],
      data: [evaluated],
      trust: true,
      threads: 1,
    })
    expect(models[0]!.checkpoint).toEqual({ step: 3, chosen: 'the one given' })
    const last = evaluations.at(-1)!
    expect(results[0]!.per_problem.map(({ correct }) => correct)).toEqual(last.solved)
    expect(results[0]).toMatchObject({ avg_at_k: last.avg_at_k, pass_at_k: last.pass_at_k, problems: 3, samples: 4 })
    // The same tokens, in batches of other sizes.
    expect(results[0]!.length.mean).toBe(last.completion_length_mean)
    expect(results[0]!.entropy_nats).toBeCloseTo(last.entropy_nats, 5)
    expect(data[0]!.hash).toBe(last.problems_hash)
  })
})

describe('evaluate', () => {
  it('repeats with its seed, and takes problems at most once', async () => {
    const options = { task: { name: 'arithmetic', max: 1, evalShare: 0.9 }, samples: 2, maxNewTokens: 4, threads: 1 }
    const first = await evaluate(model, options)
    // Of the four problems up to 1 + 1, three at most differ and are held out: fewer than the 64 asked for.
    expect(first.problems).toBeLessThanOrEqual(4)
    expect(first).toMatchObject({ samples: 2, completion_length_mean: first.length.mean })
    expect(first.avg_at_k_interval![0]).toBeLessThanOrEqual(first.avg_at_k!)
    expect(await evaluate(model, options)).toEqual(first)
  })
})
