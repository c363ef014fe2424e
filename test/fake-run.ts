/**
 * For tests: an engine of one number and a loop over it, with the seams of the real ones. The number moves by what the
 * loop's own state says, so a resumed run equals an uninterrupted one only if both were saved and loaded rightly.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../src/base/errors.js'
import { parseRecipe } from '../src/recipe/index.js'
import type { RecipeInput } from '../src/recipe/input.js'
import type { Recipe, Resolved } from '../src/recipe/schema.js'
import type { ModelShape } from '../src/run/plan/plan.js'
import type { SavedLoopState } from '../src/run/store/checkpoint.js'
import type { LoopStart } from '../src/run/store/keep-run.js'
import type { LoopEvent } from '../src/run/store/recorder.js'
import type { OpenParts } from '../src/run/train/parts.js'
import type { Backend } from '../src/train/backend.js'
import { allCapabilities } from '../src/train/capabilities.js'
import type { EvalMetrics, GradedCompletion, StepMetrics } from '../src/train/events.js'
import { evaluationDue } from '../src/train/schedule.js'
import { characterText } from './character-text.js'

interface FakeState extends SavedLoopState {
  random: number
}

export function fakeRecipe(changes: Partial<RecipeInput> = {}): Resolved<Recipe> {
  const recipe = parseRecipe({
    name: 'fake',
    model: 'nothing',
    task: { name: 'none' },
    train: { steps: 7 },
    checkpoint: { every: 2, keep: 2 },
    ...changes,
  })
  const { dtype } = recipe
  if (dtype === 'auto') throw new Error('the fake measures nothing')
  return { ...recipe, dtype }
}

function statistics(values: number[]): GradedCompletion['completion'] {
  const floats = () => Float32Array.from(values)
  return {
    prompt: 0,
    sample: 0,
    tokens: Int32Array.from(values, (_, i) => i),
    finish: 'stop',
    logprob: floats(),
    entropy: floats(),
    sumP2: floats(),
    sumP2LogP: floats(),
    S: floats(),
    expectedS: floats(),
    sumS2: floats(),
  }
}

export function fakeCompletion(values: number[], reward = 1): GradedCompletion {
  return {
    promptId: 'p-1',
    promptText: 'What is 2 + 2?',
    completionText: '4',
    example: { id: 'p-1', prompt: 'What is 2 + 2?', answer: '4' },
    completion: statistics(values),
    reward,
    advantage: 0.5,
    gradMask: Uint8Array.from(values, (_, i) => i % 2),
  }
}

export function fakeStepMetrics(step: number, changes: Partial<StepMetrics> = {}): StepMetrics {
  return {
    step,
    time: '2026-01-01T00:00:00.000Z',
    reward_mean: step / 10,
    reward_std: 0,
    zero_signal_fraction: 0,
    entropy_nats: 1 / step,
    lr: 1e-5,
    completion_tokens: 10,
    completion_length_mean: 5,
    truncated_fraction: 0,
    rollout_seconds: 0.5,
    train_seconds: 0.5,
    rollout_tokens_per_s: 20,
    rss_bytes: 1,
    ...changes,
  }
}

function fakeEval(step: number, value: number): EvalMetrics {
  return {
    step,
    samples: 1,
    problems: 1,
    avg_at_k: value,
    pass_at_k: value,
    entropy_nats: 1,
    pass_histogram: [1, 0],
    completion_length_mean: 1,
  }
}

const absent = () => Promise.reject(new Error('not part of the fake'))

function fakeBackend(cell: { weight: number }, calls: string[]): Backend {
  return {
    info: {
      model: 'nothing',
      parameters: 1,
      vocabSize: 2,
      device: 'cpu',
      dtype: 'float32',
      engine: 'fake 1',
      threads: 1,
      attention: 'padded (there is nothing to attend to)',
    },
    capabilities: allCapabilities,
    model: characterText('a'),
    sample: absent,
    score: absent,
    update: absent,
    async freezeReference() {
      calls.push(`freeze ${cell.weight}`)
    },
    async save(directory) {
      mkdirSync(directory, { recursive: true })
      writeFileSync(join(directory, 'weights.json'), JSON.stringify(cell.weight))
    },
    async load(directory) {
      const file = join(directory, 'weights.json')
      const content = readFileSync(file, 'utf8')
      if (!Number.isFinite(Number(content))) throw new UserError(`${file} is not a number`)
      cell.weight = Number(content)
      calls.push(`load ${cell.weight}`)
    },
    async close() {
      calls.push('close')
    },
  }
}

/** `misbehave` is called at the beginning of each step, and may throw or abort. */
export function fakeParts(
  recipe: Recipe,
  calls: string[] = [],
  misbehave: (step: number) => void = () => {},
): OpenParts {
  return async () => {
    const cell = { weight: 1 }
    const backend = fakeBackend(cell, calls)
    async function* loop(start: LoopStart): AsyncGenerator<LoopEvent> {
      let { step, random } = (start.state as FakeState | undefined) ?? { step: 0, random: recipe.seed + 1 }
      if (step === 0 && evaluationDue(recipe, 0)) yield { type: 'eval', metrics: fakeEval(0, 0) }
      if (start.evaluate) yield { type: 'eval', metrics: fakeEval(step, (random % 100) / 100) }
      while (step < recipe.train.steps) {
        if (start.signal?.aborted) return
        misbehave(step + 1)
        random = (random * 48271) % 2147483647
        cell.weight += random / 2147483647
        step++
        const metrics = fakeStepMetrics(step, { reward_mean: cell.weight })
        yield { type: 'phase', step, phase: 'rollout' }
        yield {
          type: 'step',
          metrics,
          rollouts: [fakeCompletion([cell.weight, 2])],
          state: { step, random } as FakeState,
        }
        if (start.signal?.aborted) return
        if (evaluationDue(recipe, step)) yield { type: 'eval', metrics: fakeEval(step, (random % 100) / 100) }
      }
    }
    return {
      backend,
      loop,
      close: async () => {
        await backend.close()
      },
    }
  }
}

/** A model of 1000 parameters: 3 layers, hidden 8, MLP 16, 2 heads of 4 with one of keys and values. */
export const fakeModelShape: ModelShape = {
  reference: 'nothing',
  path: '/models/nothing',
  parameters: 1000,
  weightsHere: true,
  config: {
    family: 'llama',
    vocabSize: 2,
    hiddenSize: 8,
    intermediateSize: 16,
    layers: 3,
    heads: 2,
    kvHeads: 1,
    headDim: 4,
    rmsNormEps: 1e-5,
    rope: { theta: 10000, scaling: { type: 'none' } },
    maxPositionEmbeddings: 128,
    tieWordEmbeddings: true,
    qkvBias: false,
    outputBias: false,
    mlpBias: false,
    qkNorm: false,
    eosTokenIds: [1],
    raw: {},
  },
}
