/** Whole runs of an adapter through the engine's thread, which loads the compiled files: build first. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../../src/recipe/index.js'
import type { RecipeInput } from '../../src/recipe/input.js'
import { generate } from '../../src/rollout/generate.js'
import { mergeAdapter } from '../../src/rollout/merge.js'
import { score } from '../../src/rollout/score.js'
import { describeModel } from '../../src/run/train/parts.js'
import { type TrainOptions, train } from '../../src/run/train/train.js'
import type { StepMetrics } from '../../src/train/events.js'
import { tinySetUp } from './tiny-model.js'

const { root, model, task } = tinySetUp('lora-')

type Lora = NonNullable<RecipeInput['lora']>

const recipeOf = (lora: Lora, changes: Partial<RecipeInput> = {}) =>
  parseRecipe({
    name: 'tiny',
    model,
    threads: 1,
    task: { name: task },
    lora: { rank: 4, ...lora },
    rollout: { promptsPerStep: 2, samplesPerPrompt: 4, maxNewTokens: 8 },
    algorithm: { klCoef: 0.05 },
    train: { steps: 4, lr: 2e-3, updatesPerBatch: 2 },
    checkpoint: { every: 2 },
    ...changes,
  })

let count = 0
async function run(recipe: ReturnType<typeof recipeOf>, options: TrainOptions = {}) {
  const { runDirectory = join(root, `run-${count++}`) } = options
  await train(recipe, { ...options, runDirectory })
  const metrics: StepMetrics[] = readFileSync(join(runDirectory, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const checkpoint = (step: number) => join(runDirectory, 'checkpoints', `step-00000${step}`)
  return { runDirectory, metrics, checkpoint }
}

const repeatable = (metrics: StepMetrics[]) =>
  metrics.map((line) =>
    Object.fromEntries(Object.entries(line).filter(([key]) => !/^time$|seconds|per_s$|rss_bytes/.test(key))),
  )

async function logprobs(reference: string, adapter?: string): Promise<(number | null)[]> {
  const inputs = [{ tokens: [1, 4, 3, 7, 5, 2, 6] }]
  for await (const line of score(reference, inputs, { adapter, dtype: 'float32' })) return line.logprobs
  throw new Error('no line')
}

describe('a run of an adapter', () => {
  it('resumes bit for bit where it was killed, dropout and the reference included', async () => {
    const recipe = recipeOf({ dropout: 0.1, rankStabilized: true })
    const whole = await run(recipe)
    // The reference is the base, from which the policy moves away.
    expect(whole.metrics[3].kl_nats).toBeGreaterThan(whole.metrics[0].kl_nats!)

    const runDirectory = join(root, 'cut')
    await expect(
      run(recipe, {
        runDirectory,
        onEvent: (event) => {
          if (event.type === 'phase' && event.step === 4 && event.phase === 'train') throw new Error('killed')
        },
      }),
    ).rejects.toThrow('killed')
    const resumed = await run(recipe, { runDirectory, resume: true })
    expect(repeatable(resumed.metrics)).toEqual(repeatable(whole.metrics))
    for (const file of ['model/adapter_model.safetensors', 'model/adapter_config.json', 'optimizer.safetensors']) {
      const [a, b] = [whole, resumed].map(({ checkpoint }) => readFileSync(join(checkpoint(4), file)))
      expect({ file, same: a.equals(b) }).toEqual({ file, same: true })
    }
  })

  it('saves PEFT directories that open as models, go on training, and merge into the same model', async () => {
    const { checkpoint } = await run(recipeOf({ targets: ['q_proj', 'down_proj'] }))
    const adapter = join(checkpoint(4), 'model')
    expect(existsSync(join(adapter, 'config.json'))).toBe(false)
    expect(readdirSync(adapter)).toContain('tokenizer.json')
    const config = JSON.parse(readFileSync(join(adapter, 'adapter_config.json'), 'utf8'))
    expect(config).toMatchObject({ base_model_name_or_path: model, r: 4, lora_alpha: 32, use_rslora: false })
    expect(config.target_modules).toEqual(['down_proj', 'q_proj'])

    const adapted = await logprobs(model, adapter)
    expect(await logprobs(adapter)).toEqual(adapted)
    expect(adapted).not.toEqual(await logprobs(model))
    const merged = join(root, 'merged')
    const result = await mergeAdapter(undefined, adapter, merged)
    expect(result.merged).toBe(readTargets(config) * layersOf(model))
    const close = (await logprobs(merged)).map((value, i) => Math.abs((value ?? 0) - (adapted[i] ?? 0)))
    expect(Math.max(...close)).toBeLessThan(1e-4)
    await expect(mergeAdapter(model, adapter, merged)).rejects.toThrow(/is not empty/)

    for await (const line of generate(model, [{ prompt: 'a' }], { adapter, maxNewTokens: 4 })) {
      expect(line.tokens.length).toBeGreaterThan(0)
    }
    const again = await run(recipeOf({ from: adapter, rank: undefined }, { train: { steps: 1, lr: 0 } }))
    // The reference is the policy that it began with, so nothing has moved yet.
    expect(Math.abs(again.metrics[0].kl_nats!)).toBeLessThan(1e-6)
    const kept = (directory: string) => readFileSync(join(directory, 'adapter_model.safetensors'))
    expect(kept(join(again.checkpoint(1), 'model')).equals(kept(adapter))).toBe(true)
  })

  it('refuses what is no adapter of the model, before anything is loaded', async () => {
    const { checkpoint } = await run(recipeOf({}, { train: { steps: 1, lr: 1e-3 }, checkpoint: { every: 1 } }))
    const adapter = join(checkpoint(1), 'model')
    await expect(describeModel(recipeOf({}, { model: adapter }))).rejects.toThrow(/is a PEFT adapter/)
    await expect(describeModel(recipeOf({ from: model, rank: undefined }))).rejects.toThrow(/is not a PEFT adapter/)
    const broken = (name: string, change: (directory: string) => void) => {
      const directory = join(root, name)
      cpSync(adapter, directory, { recursive: true })
      change(directory)
      return logprobs(model, directory)
    }
    const edit = (directory: string, fields: object) => {
      const path = join(directory, 'adapter_config.json')
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...fields }))
    }
    const weights = 'adapter_model.safetensors'
    await expect(broken('empty', (d) => writeFileSync(join(d, weights), ''))).rejects.toThrow(/not a valid safetensors/)
    await expect(
      broken('cut', (d) => writeFileSync(join(d, weights), readFileSync(join(d, weights)).subarray(0, 4000))),
    ).rejects.toThrow(/truncated/)
    await expect(broken('gone', (d) => rmSync(join(d, weights)))).rejects.toThrow(/has no adapter_model.safetensors/)
    await expect(broken('rank', (d) => edit(d, { r: 5 }))).rejects.toThrow(/has the shape/)
    await expect(broken('dora', (d) => edit(d, { use_dora: true }))).rejects.toThrow(/use_dora is not supported/)
    await expect(broken('pissa', (d) => edit(d, { init_lora_weights: 'pissa' }))).rejects.toThrow(/pissa/)
    await expect(broken('saved', (d) => edit(d, { modules_to_save: ['lm_head'] }))).rejects.toThrow(/modules_to_save/)
    await expect(broken('other', (d) => edit(d, { peft_type: 'IA3' }))).rejects.toThrow(/peft_type "IA3"/)
    await expect(broken('json', (d) => writeFileSync(join(d, 'adapter_config.json'), '{'))).rejects.toThrow(
      /not valid JSON/,
    )
    await expect(mergeAdapter(undefined, model, join(root, 'none'))).rejects.toThrow(/is not a PEFT adapter/)
    expect(existsSync(join(root, 'none'))).toBe(false)
    writeFileSync(join(root, 'file'), '')
    await expect(mergeAdapter(undefined, model, join(root, 'file'))).rejects.toThrow(/file is a file/)
    await expect(mergeAdapter(model, adapter, join(root, 'file/merged'))).rejects.toMatchObject({
      name: 'UserError',
      message: `${join(root, 'file/merged')} cannot be made (ENOTDIR)`,
    })
  })

  it('refuses keys that a given adapter decides', () => {
    expect(() => recipeOf({ from: 'x' })).toThrow(/lora\.rank.*is what the adapter in lora\.from says/s)
    expect(() => recipeOf({ targets: 'all' as never })).toThrow(/lora\.targets/)
  })
})

const readTargets = ({ target_modules }: { target_modules: string[] }) => target_modules.length
const layersOf = (directory: string): number =>
  JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')).num_hidden_layers
