/**
 * A sampler draws the completions that training learns from. It may be the backend itself or a server beside it:
 * prompts go in as ids, and completions come out as ids with the log-probabilities that they were drawn with. Where it
 * reports no moments, the backend scores the completions (measure.ts), so what comes after never sees a difference.
 *
 * A kind of sampler is one folder and one line in samplers.ts.
 */
import type { z } from 'zod'
import type { Kind, OptionsOf } from '../base/schema/kinds.js'
import type { TextModel } from '../model/types.js'
import type {
  Completion,
  RolloutStatistics,
  SampledCompletion,
  SamplePrompt,
  SamplingOptions,
  TokenScores,
} from './types.js'

/** How much of the distribution is reported per token. */
export type StatisticsLevel = 'exact' | 'topK' | 'none'

/** Recipe keys of `rollout` that not every sampler obeys, with what they ask for. */
export const samplingSettings = {
  temperature: 'a temperature other than 1',
  topP: 'a nucleus (top-p)',
  topK: 'the k likeliest tokens only (top-k)',
  minP: 'a least probability (min-p)',
  stopStrings: 'texts that end a completion',
} as const
export type SamplingSetting = keyof typeof samplingSettings

export interface SamplerCapabilities {
  /** What its completions carry. exact: the moments of every token's whole distribution. */
  statistics: StatisticsLevel
  /** Those of the settings that it obeys. */
  settings: readonly SamplingSetting[]
  /** Whether the same seed, step, and weights draw the same tokens. */
  repeats: boolean
  /** Whether it can sample while the backend updates. */
  overlaps: boolean
}

/** Where a sampler finds the policy's weights. */
export interface PolicyWeights {
  /**
   * The step that left the weights as they are; 0 at the run's beginning. A resumed run comes to the same number again, so
   * it alone does not name a file.
   */
  step: number
  /** Writes a Hugging Face directory of the weights, or a PEFT directory of the adapter that is trained. */
  save(directory: string): Promise<void>
}

/** How completions of another policy are counted: a weight that multiplies each token's advantage. */
export interface Correction {
  /** One array per completion, one entry per token; never negative. */
  weights: Float32Array[]
  /** Rows of the step's metrics. */
  metrics: Record<string, number>
}

export type SampleFunction<C extends SampledCompletion = SampledCompletion> = (
  prompts: SamplePrompt[],
  options: SamplingOptions,
  onProgress?: (done: { tokens: number; completions: number }) => void,
) => Promise<{ completions: C[]; statistics: RolloutStatistics }>

/** A sampler whose completions carry the moments of every token. */
export interface ExactSampler {
  sample: SampleFunction<Completion>
}

export interface Sampler {
  /** In the order of the prompts, and within a prompt of its samples. */
  sample: SampleFunction
  /**
   * Takes over the policy's weights. Called before the first completion is drawn, and after updates before the next one is;
   * absent where the sampler shares them. It may fail and be called again: the policy is untouched.
   */
  sync?(weights: PolicyWeights): Promise<void>
  /**
   * What to do about the difference between the sampler's log-probabilities (`samplerLogprob`) and the backend's (`logprob`);
   * absent: nothing.
   */
  correct?(completions: readonly Completion[]): Correction
  /** From now on the listener gets what the user should hear of while sampling goes on, say a server that is left out. */
  hear?(listener: (message: string) => void): void
  close(): Promise<void>
}

/** What a sampler is opened with. */
export interface SamplerContext {
  /** The backend's own sampling, which works on its present weights. */
  sample: SampleFunction
  /** The backend's own scoring of its present weights. */
  score(
    groups: { prompt: Int32Array; completions: Int32Array[] }[],
    options: { temperature: number; tokenBudget: number },
  ): Promise<readonly (readonly TokenScores[])[]>
  /** What the recipe calls the policy. */
  reference: string
  model: TextModel
  /** Whether the policy is a base model with an adapter. */
  adapter: boolean
  /** A directory of this run that is the sampler's to use; absent outside a run. */
  directory?: string
  /** Ends a running call early. */
  signal?: AbortSignal
}

export interface SamplerKind<Name extends string = string, Options extends z.ZodRawShape = z.ZodRawShape>
  extends Kind<Name, Options> {
  /** `backend`: what the backend's own sampling can do. */
  capabilities(options: OptionsOf<Kind<Name, Options>>, backend: SamplerCapabilities): SamplerCapabilities
  /** For the plan: where it samples, in a few words. */
  describe(options: OptionsOf<Kind<Name, Options>>): string
  open(options: OptionsOf<Kind<Name, Options>>, context: SamplerContext): Promise<Sampler>
}

/** Identity, with types. */
export const defineSampler = <const Name extends string, Options extends z.ZodRawShape>(
  kind: SamplerKind<Name, Options>,
): SamplerKind<Name, Options> => kind
