/**
 * What every backend keeps to, whatever it computes with. A new one joins by a line in test/backends.test.ts. The checks
 * look at a backend from outside alone: distributions are enumerated, and a gradient is told from what a small step does
 * to the log-probabilities.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { rngFrom } from '../../src/base/philox.js'
import { stopTokensOf } from '../../src/rollout/model-thread.js'
import type { SamplingOptions } from '../../src/rollout/types.js'
import type { Backend, ScoreGroup, TrainCompletion, TrainGroup, UpdateOptions } from '../../src/train/backend.js'

export interface BackendHarness {
  name: string
  /** The same small policy at every call, with at most 256 tokens; `signal` is the run's. */
  open(options: { signal?: AbortSignal }): Promise<Backend>
  /** How far log-probabilities may be off by rounding, absolute. */
  rounding: number
}

/** A backend for the tests of one block, and a way back to the policy that it began with. */
export interface Opened {
  readonly backend: Backend
  /** Loads the policy that it began with, the optimizer's state included. */
  reset(): Promise<void>
  /** An empty directory. */
  fresh(): string
}

export function openFor(harness: BackendHarness): Opened {
  const root = mkdtempSync(join(tmpdir(), 'contract-'))
  const start = join(root, 'start', 'model')
  let backend: Backend | undefined
  let count = 0
  beforeAll(async () => {
    backend = await harness.open({})
    await backend.save(start, { optimizer: true })
  })
  afterAll(async () => {
    await backend?.close()
    rmSync(root, { recursive: true })
  })
  return {
    get backend() {
      return backend!
    },
    reset: () => backend!.load(start, { optimizer: true }),
    fresh: () => join(root, String(count++), 'model'),
  }
}

export const samplingOptions = (
  { model }: Pick<Backend, 'model'>,
  changes: Partial<SamplingOptions> = {},
): SamplingOptions => ({
  samplesPerPrompt: 3,
  maxNewTokens: 12,
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  stopTokens: stopTokensOf(model),
  stopStrings: [],
  seed: 7,
  step: 3,
  batchSize: 64,
  ...changes,
})

const random = rngFrom(5, 0x636f6e74)
/** Ids that end no completion. */
export function idsOf({ info, model }: Backend, length: number): number[] {
  const stop = stopTokensOf(model)
  const ids: number[] = []
  while (ids.length < length) {
    const id = Math.floor(random() * info.vocabSize)
    if (!stop.includes(id)) ids.push(id)
  }
  return ids
}

export const promptsOf = (backend: Backend, lengths: number[]) =>
  lengths.map((length, key) => ({ key, tokens: idsOf(backend, length) }))

/** Prompts of 6, 1, and 9 tokens with completions of 1 to 8. */
export const scoreGroupsOf = (backend: Backend): ScoreGroup[] =>
  [
    [6, 5, 8, 1],
    [1, 4, 2],
    [9, 7, 3, 6],
  ].map(([prompt, ...completions]) => ({
    prompt: Int32Array.from(idsOf(backend, prompt)),
    completions: completions.map((length) => Int32Array.from(idsOf(backend, length))),
  }))

export const floats = (length: number, value: (t: number) => number): Float32Array =>
  Float32Array.from({ length }, (_, t) => value(t))

/** What a test wants of the tokens of a batch; the rest is as in a plain step. */
export interface BatchChanges {
  temperature?: number
  mask?: boolean
  sequenceRatio?: boolean
  reference?: boolean
  rolloutKl?: boolean
}

/** A batch for an update: advantages of both signs and 0, ratios from 0.6 to 1.6. */
export async function trainGroupsOf(backend: Backend, changes: BatchChanges = {}): Promise<TrainGroup[]> {
  const { temperature = 1, mask, sequenceRatio, reference, rolloutKl } = changes
  const given = scoreGroupsOf(backend)
  const scored = await backend.score(given, { temperature, tokenBudget: 8192 })
  const near = ({ logprob }: { logprob: Float32Array }, width: number) =>
    floats(logprob.length, (t) => logprob[t] + width * (random() - 0.5))
  return given.map(({ prompt, completions }, g) => ({
    prompt,
    completions: completions.map((tokens, c): TrainCompletion => {
      const { length } = tokens
      const advantage = [1.2, -0.8, 0.5, 0][(g + c) % 4]
      return {
        tokens,
        rolloutLogprob: near(scored[g][c], 1),
        advantage: floats(length, () => advantage),
        gradMask: Uint8Array.from(tokens, () => (mask && random() < 0.4 ? 0 : 1)),
        weight: floats(length, () => (1 + (c % 2)) / 40),
        ...(reference ? { referenceLogprob: near(scored[g][c], 1) } : {}),
        ...(sequenceRatio ? { ratio: floats(length, () => 0.8 + 0.2 * c) } : {}),
        ...(rolloutKl ? { rolloutKlCoef: floats(length, (t) => (t % 2) * 0.5) } : {}),
      }
    }),
  }))
}

const open = Number.POSITIVE_INFINITY

/** Plain gradient ascent of size `size`: with eps far above any gradient, AdamW's step is lr / eps times it. */
export const updateOptions = (size: number, changes: Partial<UpdateOptions> = {}): UpdateOptions => ({
  temperature: 1,
  lr: size * 1e4,
  weightDecay: 0,
  betas: [0, 0],
  eps: 1e4,
  gradClip: open,
  tokenBudget: 8192,
  interruptible: false,
  ...changes,
  objective: {
    clipLow: open,
    clipHigh: open,
    importanceCap: open,
    klCoef: 0,
    klEstimator: 'k3',
    entropyCoef: 0,
    ...changes.objective,
  },
})

export const scoreGroups = (groups: readonly TrainGroup[]): ScoreGroup[] =>
  groups.map(({ prompt, completions }) => ({ prompt, completions: completions.map(({ tokens }) => tokens) }))
