/**
 * What entropy control adds to a training step: every method, an entropy target, and the ledger at its default interval.
 *
 *     npx jiti bench/cost.ts [--recipe quickstart/grpo.yaml] [--rounds 8] [--variants clip-v,target,ledger] [--json]
 *
 * One batch is sampled (statistics included) and then trained on again and again, in turns: plain GRPO, variant, plain
 * GRPO, ..., each variant paired with the plain step just before it. The learning rate is so small that the policy
 * stays where it is, so all do the same work. Rewards are random: every completion has an advantage. `control` is the
 * part outside of the engine (statistics, mask, predictions) and hardly noisy; `step` is everything, by both clocks,
 * masks that save work included. The ledger's cost is that of a measurement over its interval.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { rngFrom } from '../src/base/philox.js'
import { methods } from '../src/entropy/methods/recipe-keys.js'
import { Decoder } from '../src/model/decoder.js'
import { openModel } from '../src/model/open.js'
import { loadRecipe, parseRecipe } from '../src/recipe/index.js'
import type { RecipeInput } from '../src/recipe/input.js'
import type { Recipe } from '../src/recipe/schema.js'
import { promptTokens } from '../src/rollout/prompts.js'
import { sampleCompletions } from '../src/rollout/sampler.js'
import { scoreCompletions } from '../src/rollout/scoring.js'
import { loadTask } from '../src/task/registry.js'
import { PromptStream } from '../src/task/stream.js'
import { cpu, prepareEnvironment, startEngine } from '../src/torch/index.js'
import { ensureTorch } from '../src/torch/install/index.js'
import { groupAdvantages } from '../src/train/advantages.js'
import type { Backend, TrainGroup, UpdateOptions } from '../src/train/backend.js'
import type { TrainItem } from '../src/train/batch.js'
import { Learner } from '../src/train/local/learner.js'
import { optimizeMinibatch } from '../src/train/optimize.js'

const { values: options } = parseArgs({
  options: {
    recipe: { type: 'string', default: 'quickstart/grpo.yaml' },
    rounds: { type: 'string', default: '8' },
    variants: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

/** Every method with the least that it needs; experiments are not for training. */
const variants: Record<string, Pick<RecipeInput, 'entropy' | 'algorithm' | 'ledger'>> = {
  ...Object.fromEntries(
    methods.flatMap(({ name, empty, experiment, example }) =>
      empty || experiment
        ? []
        : [[name, { entropy: { method: name, ...example?.entropy }, algorithm: { ...example?.algorithm } }]],
    ),
  ),
  target: { entropy: { method: 'clip-v', target: 1 } },
  ledger: { ledger: {} },
}

const base = loadRecipe(options.recipe)
const recipeOf = (changes: (typeof variants)[string]): Recipe =>
  parseRecipe({
    ...(base as RecipeInput),
    entropy: { ...changes.entropy },
    algorithm: { ...base.algorithm, ...changes.algorithm },
    ledger: changes.ledger,
    eval: undefined,
  })

prepareEnvironment(base.threads ?? 2)
const torch = startEngine(await ensureTorch()).version
const model = await openModel(base.model)
const decoder = Decoder.load(model.config, model.tensors, cpu, 'float32')
const learner = new Learner(decoder)
const backend = {
  update: async (groups: TrainGroup[], update: UpdateOptions) => learner.update(groups, update),
  score: async (groups: Parameters<Backend['score']>[0], how: Parameters<Backend['score']>[1]) =>
    scoreCompletions(decoder, groups, how),
} as unknown as Backend

interface Time {
  wall: number
  processor: number
}

async function timed<T>(body: () => T | Promise<T>): Promise<Time & { result: T }> {
  const began = performance.now()
  const before = process.cpuUsage()
  const result = await body()
  const { user, system } = process.cpuUsage(before)
  return { result, wall: (performance.now() - began) / 1000, processor: (user + system) / 1e6 }
}

const { promptsPerStep, samplesPerPrompt, ...sampling } = base.rollout
const examples = await new PromptStream(await loadTask(base.task), 'train', base.seed).next(promptsPerStep)
const prompts = examples.map((example, key) => ({ key, tokens: promptTokens(model, example).tokens }))
const sample = (step: number) =>
  sampleCompletions(decoder, prompts, {
    ...sampling,
    samplesPerPrompt,
    stopTokens: [...new Set([...model.config.eosTokenIds, ...model.tokenizer.eosTokenIds])],
    seed: base.seed,
    step,
  }).completions

sample(0)
const rollout = await timed(() => sample(1))
const random = rngFrom(1)
const items = prompts.flatMap(({ tokens }, group): TrainItem[] => {
  const members = rollout.result.filter(({ prompt }) => prompt === group)
  const [advantages] = groupAdvantages([members.map(() => random())], 'group')
  return members.map((completion, i) => ({
    group,
    prompt: tokens,
    completion,
    advantage: new Float32Array(completion.tokens.length).fill(advantages[i]),
    counts: true,
  }))
})
const tokens = items.reduce((total, { completion }) => total + completion.tokens.length, 0)
const rolloutEntropy =
  items.reduce((total, { completion }) => completion.entropy.reduce((sum, H) => sum + H, total), 0) / tokens

/** One optimizer step on the batch; `control`: its part outside of the engine. */
async function train(recipe: Recipe, step: number): Promise<Time & { control: number }> {
  const place = { lr: 1e-12, step, update: 0, rolloutEntropy, entropyState: {} }
  const { result, wall, processor } = await timed(() => optimizeMinibatch(backend, recipe, items, place))
  if (!result?.update.applied) throw new Error('the step was not applied')
  return { wall, processor, control: wall - result.update.seconds }
}

const median = (list: number[]) => {
  const sorted = [...list].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

const plain = recipeOf({})
const chosen = options.variants?.split(',') ?? Object.keys(variants)
for (let i = 0; i < 3; i++) await train(plain, 1)
const pairs = new Map(
  chosen.map((name) => [name, [] as { plain: Time & { control: number }; with: Time & { control: number } }[]]),
)
for (let round = 0; round < Number(options.rounds); round++) {
  for (const name of chosen) {
    const recipe = recipeOf(variants[name])
    const before = await train(plain, 1)
    // The step's number makes the ledger due.
    pairs.get(name)!.push({ plain: before, with: await train(recipe, recipe.ledger?.every ?? 1) })
  }
}

const figures = chosen.map((name) => {
  const list = pairs.get(name)!
  const every = recipeOf(variants[name]).ledger?.every ?? 1
  /** Median added share of a whole step (rollout and training), in percent. */
  const added = (of: 'wall' | 'processor' | 'control') => {
    const clock = of === 'processor' ? of : 'wall'
    const step = rollout[clock] + median(list.map((pair) => pair.plain[clock]))
    return (100 * median(list.map((pair) => pair.with[of] - pair.plain[of]))) / step / every
  }
  return { name, every, control: added('control'), wall: added('wall'), processor: added('processor') }
})
const steps = [...pairs.values()].flat().map((pair) => pair.plain)
const about = {
  model: base.model,
  tokens,
  threads: base.threads ?? 2,
  rounds: Number(options.rounds),
  rollout_s: rollout.wall,
  train_s: median(steps.map(({ wall }) => wall)),
  load: loadavg()[0],
  node: process.versions.node,
  libtorch: torch,
}
if (options.json) console.log(JSON.stringify({ ...about, figures }))
else {
  const percent = (value: number) => `${value.toFixed(2)} %`.padStart(10)
  console.log(`added to a step        control      step  processor time`)
  for (const { name, every, control, wall, processor } of figures) {
    const label = every > 1 ? `${name}, every ${every}` : name
    console.log(`${label.padEnd(20)}${percent(control)}${percent(wall)}${percent(processor)}`)
  }
  console.log(JSON.stringify(about))
}
process.exit(0)
