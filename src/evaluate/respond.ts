/**
 * The part of an evaluation that costs time: sample n completions of each problem and grade them. What is drawn is keyed
 * by (seed, the problem's place in its data set, sample, position), so a problem's completions do not depend on which
 * others are sampled beside it, and two models meet the same random numbers.
 */
import { UserError } from '../base/errors.js'
import type { TextModel } from '../model/types.js'
import { completionText } from '../rollout/generate.js'
import { stopTokensOf } from '../rollout/model-thread.js'
import { promptText, promptTokens } from '../rollout/prompts.js'
import type { ExactSampler } from '../rollout/sampler-kind.js'
import type { FinishReason, SamplePrompt } from '../rollout/types.js'
import { gradeAll } from '../task/grading.js'
import type { Example, Task } from '../task/types.js'

/** A problem at its place in the data set, which keys its draws. */
export interface PlacedExample {
  index: number
  example: Example
}

/** One graded completion. */
export interface Response {
  sample: number
  completion: string
  /** Completion tokens, the end token included. */
  length: number
  finish: FinishReason
  /** The task's own verdict; absent when the task gives none. */
  correct?: boolean
  reward: number
  /** The final answer as the completion writes it, null where there is none; absent where the grader does not tell. */
  extracted?: string | null
  /** The grader's words. */
  reason?: string
  /** Sum of log p over the tokens, nats. */
  logprob: number
  /** Sum of H over the tokens, nats. */
  entropy: number
}

/** A problem with all of its graded completions, by sample. */
export interface EvaluatedProblem {
  index: number
  id: string
  prompt: string
  answer?: string
  responses: Response[]
}

export interface RespondOptions {
  samples: number
  maxNewTokens: number
  temperature: number
  topP: number
  topK: number
  minP: number
  stopStrings: string[]
  seed: number
  /** Rows sampled at once at most. */
  batchSize: number
}

/** Keys the draws of evaluations where those of training have the step. */
export const evaluationStep = 0x6576616c

/**
 * Prompts as the sampler takes them. Where a model has fewer positions than a prompt and `maxNewTokens` need, the
 * completion gets what is left.
 * @throws UserError for a prompt that leaves no room for an answer.
 */
export function samplePrompts(
  model: TextModel,
  problems: readonly PlacedExample[],
  maxNewTokens: number,
): SamplePrompt[] {
  const positions = model.config.maxPositionEmbeddings
  return problems.map(({ index, example }) => {
    const { tokens } = promptTokens(model, example)
    if (tokens.length >= positions) {
      throw new UserError(
        `problem ${example.id}: its prompt has ${tokens.length} tokens, and the model ${positions} positions`,
      )
    }
    return { key: index, tokens, maxNewTokens: Math.min(maxNewTokens, positions - tokens.length) }
  })
}

/** What samples, and what grades. */
export interface Responder {
  sampler: ExactSampler
  model: TextModel
  task: Pick<Task, 'name' | 'grade'>
  /** Ends the grading early. */
  signal?: AbortSignal
}

/** Samples and grades the problems, all in one batch; the answer is in their order. Undefined when `signal` ended it. */
export async function respond(
  { sampler, model, task, signal }: Responder,
  problems: readonly PlacedExample[],
  options: RespondOptions,
  onProgress?: (done: { tokens: number; completions: number }) => void,
): Promise<EvaluatedProblem[] | undefined> {
  const { samples, stopStrings, ...sampling } = options
  const { completions } = await sampler.sample(
    samplePrompts(model, problems, options.maxNewTokens),
    {
      ...sampling,
      samplesPerPrompt: samples,
      stopTokens: stopTokensOf(model),
      stopStrings,
      step: evaluationStep,
    },
    onProgress,
  )
  const texts = completions.map(({ tokens }) => completionText(model.tokenizer, tokens, stopStrings))
  const given = problems.map(({ example }) => promptTokens(model, example).text)
  const grades = await gradeAll(
    task as Task,
    completions.map(({ prompt, finish, tokens }, i) => ({
      completion: texts[i]!,
      example: problems[prompt]!.example,
      info: { finish, tokens: tokens.length, prompt: given[prompt]! },
    })),
    { signal },
  )
  if (!grades) return undefined
  const evaluated = problems.map(
    ({ index, example }): EvaluatedProblem => ({
      index,
      id: example.id,
      prompt: promptText(example),
      answer: example.answer,
      responses: [],
    }),
  )
  completions.forEach((completion, i) => {
    const { reward, correct, details = {} } = grades[i]!
    const { extracted, reason } = details
    evaluated[completion.prompt]!.responses.push({
      sample: completion.sample,
      completion: texts[i]!,
      length: completion.tokens.length,
      finish: completion.finish,
      correct,
      reward,
      ...(typeof extracted === 'string' || extracted === null ? { extracted } : {}),
      ...(typeof reason === 'string' ? { reason } : {}),
      logprob: sum(completion.logprob),
      entropy: sum(completion.entropy),
    })
  })
  return evaluated
}

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0)
