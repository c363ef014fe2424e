/** Examples as the update wants them: a group each, the ids before the first learnt one as its prompt. */
import { UserError } from '../../base/errors.js'
import type { TextModel } from '../../model/types.js'
import { stopTokensOf } from '../../rollout/model-thread.js'
import { requireKnownTokens } from '../../rollout/positions.js'
import type { SftExample } from '../../task/sft-example.js'
import type { TrainGroup } from '../backend.js'
import type { SftOptions } from './section.js'
import { type SftTokens, tokenizeExample } from './tokens.js'

export interface SftSequence {
  example: SftExample
  prompt: Int32Array
  /** From the first learnt id to the last; between an earlier reply and the next it holds ids that are not learnt. */
  completion: Int32Array
  /** 1 = learnt, per completion id. */
  target: Uint8Array
  targets: number
}

export interface SftBatch {
  /** By length, so that attention pads little; the result does not depend on the order. */
  sequences: SftSequence[]
  /** Examples of which nothing is left to learn, or that are too long. */
  dropped: number
  truncated: number
  /** Learnt ids. */
  targets: number
  /** All ids, prompts included. */
  tokens: number
}

export function makeBatch(examples: readonly SftExample[], model: TextModel, data: SftOptions['data']): SftBatch {
  const limit = Math.min(data.maxTokens ?? Number.POSITIVE_INFINITY, model.config.maxPositionEmbeddings)
  const stopTokens = stopTokensOf(model)
  const batch: SftBatch = { sequences: [], dropped: 0, truncated: 0, targets: 0, tokens: 0 }
  for (const example of examples) {
    const whole = tokenized(example, model, stopTokens)
    requireKnownTokens(model.config, example.where, whole.tokens)
    const long = whole.tokens.length > limit
    const sequence = long && data.tooLong === 'drop' ? undefined : toSequence(example, cut(whole, limit))
    if (sequence === undefined) {
      batch.dropped++
      continue
    }
    if (long) batch.truncated++
    batch.sequences.push(sequence)
    batch.targets += sequence.targets
    batch.tokens += sequence.prompt.length + sequence.completion.length
  }
  batch.sequences.sort((a, b) => lengthOf(a) - lengthOf(b))
  return batch
}

function tokenized(
  example: SftExample,
  { tokenizer }: Pick<TextModel, 'tokenizer'>,
  stopTokens: readonly number[],
): SftTokens {
  try {
    return tokenizeExample(tokenizer, example, stopTokens)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const hint =
      tokenizer.chatTemplate === undefined
        ? 'teach it prompts and completions as they stand (data.chat: false), or take an instruction-tuned model'
        : error.hint
    throw new UserError(`${example.where}: ${error.message}`, { hint, cause: error })
  }
}

const lengthOf = ({ prompt, completion }: SftSequence) => prompt.length + completion.length

const cut = ({ tokens, target }: SftTokens, limit: number): SftTokens => ({
  tokens: tokens.subarray(0, limit),
  target: target.subarray(0, limit),
})

/** Undefined where nothing is learnt. */
export function toSequence(example: SftExample, { tokens, target }: SftTokens): SftSequence | undefined {
  const first = target.indexOf(1)
  if (first < 0) return undefined
  const end = target.lastIndexOf(1) + 1
  const learnt = target.slice(first, end)
  return {
    example,
    prompt: tokens.slice(0, first),
    completion: tokens.slice(first, end),
    target: learnt,
    targets: learnt.reduce((total, flag) => total + flag, 0),
  }
}

/** Each learnt id weighs 1/N of the batch's N; with the surrogate of {@link likelihood} its slope is that. */
export function toTrainGroups({ sequences, targets }: SftBatch): TrainGroup[] {
  return sequences.map(({ prompt, completion, target }) => ({
    prompt,
    completions: [
      {
        tokens: completion,
        rolloutLogprob: new Float32Array(completion.length),
        advantage: new Float32Array(completion.length).fill(1),
        gradMask: target,
        weight: Float32Array.from(target, (flag) => flag / targets),
      },
    ],
  }))
}

/** The ratio clipped to 1 as a constant weight: with A = 1 the objective is log p, whatever policy wrote the ids. */
export const likelihood = {
  surrogate: 'weight',
  clipLow: 0,
  clipHigh: 0,
  importanceCap: Number.POSITIVE_INFINITY,
  klCoef: 0,
  klEstimator: 'k3',
  entropyCoef: 0,
} as const
