/** A step's batch of rollouts: prompts from the stream, completions from the sampler, grades from the task. */
import { completionText } from '../rollout/generate.js'
import { stopTokensOf } from '../rollout/model-thread.js'
import { promptText, promptTokens, requireRoomFor } from '../rollout/prompts.js'
import type { ExactSampler } from '../rollout/sampler-kind.js'
import type { Completion, SamplingOptions } from '../rollout/types.js'
import { gradeAll, rewardParts } from '../task/grading.js'
import type { PromptStream } from '../task/stream.js'
import type { Example } from '../task/types.js'
import { BatchCollector, type StepBatch } from './dynamic-sampling.js'
import type { TrainEvent } from './events.js'
import type { Graded } from './graded.js'
import type { LoopSetup } from './loop-setup.js'
import { Progress } from './progress.js'
import { untilStopped } from './until-stopped.js'

/** Tells its progress as it goes; returns undefined where the run's signal ended it. */
export async function* collectBatch(
  setup: LoopSetup,
  sampler: ExactSampler & { hear?(listener: (message: string) => void): void },
  stream: PromptStream,
  step: number,
): AsyncGenerator<Extract<TrainEvent, { type: 'phase' | 'warning' }>, StepBatch | undefined> {
  const { recipe, signal } = setup
  const { samplesPerPrompt } = recipe.rollout
  const collector = new BatchCollector(recipe.rollout)
  const heard: string[] = []
  const warnings = () => heard.splice(0).map((message) => ({ type: 'warning' as const, step, message }))
  while (collector.wanted > 0) {
    const before = collector.sampled * samplesPerPrompt
    yield { type: 'phase', step, phase: 'rollout', done: before }
    const examples = await stream.next(collector.wanted)
    const progress = new Progress()
    sampler.hear?.((message) => {
      heard.push(message)
      progress.again()
    })
    const sampling = sample(setup, sampler, examples, step, collector.sampled, progress)
    const expected = before + examples.length * samplesPerPrompt
    for await (const done of progress.until(sampling)) {
      yield { type: 'phase', step, phase: 'rollout', done: before + done, total: expected }
      yield* warnings()
    }
    yield* warnings()
    const sampled = await untilStopped(signal, sampling)
    if (!sampled) return undefined
    const { prompts, completions, statistics } = sampled

    yield { type: 'phase', step, phase: 'grade' }
    const graded = await untilStopped(signal, grade(setup, examples, prompts, completions))
    if (!graded) return undefined
    collector.add({ prompts, graded, statistics })
  }
  return collector.batch()
}

/** `firstKey`: how many prompts of this step were sampled before. */
async function sample(
  setup: LoopSetup,
  sampler: ExactSampler,
  examples: Example[],
  step: number,
  firstKey: number,
  progress: Progress,
) {
  const { model } = setup.backend
  const prompts = examples.map((example) => promptTokens(model, example))
  examples.forEach((example, i) => {
    requireRoomFor(model.config, example, prompts[i].tokens, setup.recipe.rollout.maxNewTokens)
  })
  const { completions, statistics } = await sampler.sample(
    prompts.map(({ tokens }, i) => ({ key: firstKey + i, tokens })),
    samplingOptions(setup, step),
    ({ completions }) => progress.report(completions),
  )
  return { prompts, completions, statistics }
}

function samplingOptions(setup: LoopSetup, step: number): SamplingOptions {
  const { rollout, seed } = setup.recipe
  return {
    samplesPerPrompt: rollout.samplesPerPrompt,
    maxNewTokens: rollout.maxNewTokens,
    temperature: rollout.temperature,
    topP: rollout.topP,
    topK: rollout.topK,
    minP: rollout.minP,
    stopTokens: stopTokensOf(setup.backend.model),
    stopStrings: rollout.stopStrings,
    seed,
    step,
    batchSize: rollout.batchSize,
  }
}

/** Undefined where the run's signal ended it. */
async function grade(
  { recipe, backend, task, signal }: LoopSetup,
  examples: Example[],
  prompts: { text: string }[],
  completions: Completion[],
): Promise<Graded[] | undefined> {
  const texts = completions.map(({ tokens }) =>
    completionText(backend.model.tokenizer, tokens, recipe.rollout.stopStrings),
  )
  const grades = await gradeAll(
    task,
    completions.map(({ prompt, finish, tokens }, i) => ({
      completion: texts[i],
      example: examples[prompt],
      info: { finish, tokens: tokens.length, prompt: prompts[prompt].text },
    })),
    { signal },
  )
  return (
    grades &&
    completions.map((completion, i): Graded => {
      const { reward, correct } = grades[i]
      const { parts, taskReward } = rewardParts(grades[i])
      return {
        promptId: examples[completion.prompt].id,
        promptText: promptText(examples[completion.prompt]),
        completionText: texts[i],
        example: examples[completion.prompt],
        completion,
        reward,
        ...(correct === undefined ? {} : { correct }),
        rewardParts: parts,
        ...(taskReward === undefined ? {} : { taskReward }),
      }
    })
  )
}
