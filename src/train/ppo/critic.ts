/**
 * The critic as training sees it: a function from a prompt and the tokens so far to the expected return, which some
 * backend owns and updates. `src/train/local/critic.ts` is this machine's.
 */

import type { AdamWOptions } from '../../torch/index.js'
import type { CriticTrunk } from './section.js'

/** A prompt with completions, to be valued. */
export interface CompletionGroup {
  prompt: Int32Array
  completions: Int32Array[]
}

/** A prompt with completions and what their values are to become. */
export interface ValueGroup {
  prompt: Int32Array
  completions: ValueCompletion[]
}

/** Only completions whose tokens are the policy's; arrays hold one entry per token. */
export interface ValueCompletion {
  tokens: Int32Array
  /** V when the batch was sampled, around which the loss clips. */
  oldValue: Float32Array
  /** The return to learn. */
  target: Float32Array
}

export interface CriticUpdateOptions extends AdamWOptions {
  /** Largest change of a value by one batch that is still learnt from; Infinity = no clipping. */
  valueClip: number
  /** Largest global gradient norm; Infinity = no clipping. */
  gradClip: number
  /** Tokens of one micro-batch at most; the result does not depend on it. */
  tokenBudget: number
  /** Whether the run's signal may end the update early, with the critic unchanged. */
  interruptible: boolean
}

export interface CriticUpdateResult {
  /** Mean over the tokens of {@link tokenValueLoss}. */
  loss: number
  gradNorm: number
  tokens: number
  /** Tokens whose gradient the value clip stopped. */
  clipped: number
  /** False where the step was stopped: a non-finite loss or gradient, or the run's signal. The critic is then unchanged. */
  applied: boolean
  interrupted: boolean
  /** Places of values or returns that are not finite; empty where only the gradient is not. */
  nonFinite?: { group: number; completion: number; position: number }[]
}

export interface CriticBackend {
  /** Makes the critic from the present policy; its head begins at 0, so every value does. */
  open(options: { trunk: CriticTrunk }): Promise<void>
  /** V of the state that each completion token was drawn in, per group and completion. */
  values(groups: CompletionGroup[], options: { tokenBudget: number }): Promise<Float32Array[][]>
  /** One optimizer step on the mean value loss over all tokens given. */
  update(groups: ValueGroup[], options: CriticUpdateOptions): Promise<CriticUpdateResult>
}
