/**
 * The training loop: sample, grade, turn rewards into advantages, optimise, tell. It knows a {@link Backend}, a task
 * and a recipe, and nothing of files; a run (src/run) writes down what it yields. Everything random is keyed by the
 * seed and the step, so the state to continue from is two numbers.
 */

import { rngFrom } from '../base/philox.js'
import { hashProblems } from '../evaluate/problem-set.js'
import { respond } from '../evaluate/respond.js'
import type { OpenModel } from '../model/types.js'
import { completionText } from '../rollout/generate.js'
import { stopTokensOf } from '../rollout/model-thread.js'
import { promptText, promptTokens, requireRoomFor } from '../rollout/prompts.js'
import type { Completion, SamplingOptions, TokenStatistics } from '../rollout/types.js'
import { gradeAll } from '../task/grading.js'
import { shuffle } from '../task/shuffle.js'
import { PromptStream } from '../task/stream.js'
import type { Example, Task } from '../task/types.js'
import { groupAdvantages } from './advantages.js'
import type { Backend } from './backend.js'
import { meanEntropy, type TrainItem } from './batch.js'
import { BatchCollector } from './dynamic-sampling.js'
import type { EntropyState } from './entropy-control.js'
import type { EvalMetrics, GradedCompletion, TrainEvent } from './events.js'
import { heldOutMetrics } from './held-out.js'
import { ledgerLines } from './ledger.js'
import { stepMetrics } from './metrics.js'
import { describeNonFinite, nonFiniteFailure } from './non-finite.js'
import { optimizeMinibatch, type StepReport, type UpdatePlace } from './optimize.js'
import type { LoopOptions } from './options.js'
import { type Credit, creditTokens } from './ppo/credit.js'
import { type CriticReport, creditMetrics, isCriticWarmup, updateCritic } from './ppo/critic-step.js'
import { klMetrics, klToReference, nextKlCoef, withKlCoef } from './ppo/kl-to-reference.js'
import { evaluationDue, learningRate } from './schedule.js'

export interface LoopSetup {
  recipe: LoopOptions
  backend: Backend
  /** Tokenizer, chat template and end tokens. */
  model: OpenModel
  task: Task
  evalTask?: Task
  state?: LoopState
  /** Begin with the evaluation of the state's step. */
  evaluate?: boolean
  signal?: AbortSignal
}

/** Where a run is; JSON. */
export interface LoopState {
  step: number
  /** Problems taken from the training stream. */
  position: number
  /** What the entropy control carries; absent before the first step and where it carries nothing. */
  entropy?: EntropyState
  /** The KL term's coefficient as algorithm.klTarget has adapted it; absent: the recipe's. */
  klCoef?: number
}

export type LoopEvent =
  | Exclude<TrainEvent, { type: 'step' }>
  | (Extract<TrainEvent, { type: 'step' }> & { state: LoopState })

// Keys of the random streams that are the loop's own.
const minibatchStream = 0x6d696e69

export async function* trainLoop(setup: LoopSetup): AsyncGenerator<LoopEvent> {
  const { recipe, signal } = setup
  const { klIn, klTarget } = recipe.algorithm
  let {
    step,
    position,
    entropy = {},
    klCoef = recipe.algorithm.klCoef,
  }: LoopState = setup.state ?? {
    step: 0,
    position: 0,
  }
  const stream = new PromptStream(setup.task, 'train', recipe.seed, position)
  const heldOut =
    recipe.eval && (await new PromptStream(setup.evalTask ?? setup.task, 'eval', 0).upTo(recipe.eval.problems))
  const evaluate = () => evaluatePolicy(setup, heldOut!, step)

  if (setup.evaluate || (step === 0 && evaluationDue(recipe, 0))) {
    yield { type: 'phase', step, phase: 'evaluate' }
    const metrics = await evaluate()
    if (signal?.aborted) return
    yield { type: 'eval', metrics }
  }
  while (step < recipe.train.steps) {
    if (signal?.aborted) return
    const next = step + 1
    const lr = learningRate(recipe.train, next)

    const collector = new BatchCollector(recipe.rollout)
    while (collector.wanted > 0) {
      const before = collector.sampled * recipe.rollout.samplesPerPrompt
      yield { type: 'phase', step: next, phase: 'rollout', done: before }
      const examples = await stream.next(collector.wanted)
      const progress = new Progress()
      const sampling = sample(setup, examples, next, collector.sampled, progress)
      const expected = before + examples.length * recipe.rollout.samplesPerPrompt
      for await (const done of progress.until(sampling)) {
        yield { type: 'phase', step: next, phase: 'rollout', done: before + done, total: expected }
      }
      const { prompts, completions, statistics } = await sampling
      if (signal?.aborted) return

      yield { type: 'phase', step: next, phase: 'grade' }
      collector.add({ prompts, graded: await grade(setup.task, setup, examples, completions), statistics })
      if (signal?.aborted) return
    }
    const { graded, ...rollout } = collector.batch()
    const items = await toItems(setup, rollout.prompts, graded)
    const kl = klToReference(items)
    const credit =
      recipe.critic &&
      (await creditTokens(setup.backend, recipe, items, {
        rewards: graded.map(({ reward }) => reward),
        klCoef: klIn === 'reward' ? klCoef : 0,
        step: next,
      }))
    if (signal?.aborted) return

    yield { type: 'phase', step: next, phase: 'train' }
    const place = { step: next, lr, entropyState: entropy }
    const reports = await optimise({ ...setup, recipe: withKlCoef(recipe, klCoef) }, items, credit, place)
    for (const { message } of reports.problems) yield { type: 'warning', step: next, message }
    if (reports.interrupted) return
    entropy = reports.entropyState
    step = next
    position = stream.position
    graded.forEach((completion, i) => {
      completion.gradMask = reports.masks[i] ?? completion.gradMask
      if (credit) attachCredit(completion, items[i], credit, i)
    })
    const metrics = {
      ...stepMetrics({ step, lr, graded, statistics: rollout.statistics, reports: reports.done, recipe }),
      ...rollout.metrics,
      ...(credit ? creditMetrics(credit, reports.critic) : {}),
      ...(kl ? klMetrics(recipe, klCoef, kl) : {}),
    }
    // A policy that is not trained yet has no distance to be steered.
    if (!isCriticWarmup(recipe, step)) klCoef = nextKlCoef(recipe, klCoef, kl)
    const state = { step, position, entropy, ...(klTarget === undefined ? {} : { klCoef }) }
    yield { type: 'step', metrics, rollouts: graded, ledger: ledgerLines(step, reports.done), state }

    if (evaluationDue(recipe, step)) {
      yield { type: 'phase', step, phase: 'evaluate' }
      const metrics = await evaluate()
      if (signal?.aborted) return
      yield { type: 'eval', metrics }
    }
  }
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
    stopTokens: stopTokensOf(setup.model),
    stopStrings: rollout.stopStrings,
    seed,
    step,
    batchSize: rollout.batchSize,
  }
}

/** `firstKey`: how many prompts of this step were sampled before. */
async function sample(setup: LoopSetup, examples: Example[], step: number, firstKey: number, progress: Progress) {
  const prompts = examples.map((example) => promptTokens(setup.model, example))
  examples.forEach((example, i) => {
    requireRoomFor(setup.model.config, example, prompts[i].tokens, setup.recipe.rollout.maxNewTokens)
  })
  const { completions, statistics } = await setup.backend.sample(
    prompts.map(({ tokens }, i) => ({ key: firstKey + i, tokens })),
    samplingOptions(setup, step),
    ({ completions }) => progress.report(completions),
  )
  return { prompts, completions, statistics }
}

async function grade(
  task: Task,
  { recipe, model }: LoopSetup,
  examples: Example[],
  completions: Completion[],
): Promise<GradedCompletion[]> {
  const texts = completions.map(({ tokens }) => completionText(model.tokenizer, tokens, recipe.rollout.stopStrings))
  const grades = await gradeAll(
    task,
    completions.map(({ prompt, finish, tokens }, i) => ({
      completion: texts[i],
      example: examples[prompt],
      info: { finish, tokens: tokens.length },
    })),
  )
  return completions.map((completion, i) => ({
    promptId: examples[completion.prompt].id,
    promptText: promptText(examples[completion.prompt]),
    completionText: texts[i],
    example: examples[completion.prompt],
    completion,
    reward: grades[i].reward,
    advantage: 0,
    gradMask: new Uint8Array(completion.tokens.length),
  }))
}

/** Advantages, truncation masks and the reference's log-probabilities. Sets each completion's advantage and prompt ids. */
async function toItems(
  { recipe, backend }: LoopSetup,
  prompts: { tokens: Int32Array }[],
  graded: GradedCompletion[],
): Promise<TrainItem[]> {
  const groups = prompts.map((_, p) => graded.filter(({ completion }) => completion.prompt === p))
  // A critic's advantages come after the items, token by token.
  if (!recipe.critic) {
    const advantages = groupAdvantages(
      groups.map((group) => group.map(({ reward }) => reward)),
      recipe.algorithm.advantage,
    )
    groups.forEach((group, p) => {
      group.forEach((completion, i) => {
        completion.advantage = advantages[p][i]
      })
    })
  }
  const reference = recipe.algorithm.klCoef > 0 ? await scoreReference(backend, recipe, prompts, groups) : undefined
  return graded.map((entry) => {
    const { prompt, finish } = entry.completion
    entry.promptTokens = prompts[prompt].tokens
    const scored = reference?.[prompt][groups[prompt].indexOf(entry)]
    return {
      group: prompt,
      prompt: prompts[prompt].tokens,
      completion: entry.completion,
      advantage: new Float32Array(entry.completion.tokens.length).fill(entry.advantage),
      counts: !(recipe.algorithm.maskTruncated && finish === 'length'),
      ...(scored ? { referenceLogprob: scored.logprob } : {}),
    }
  })
}

const scoreReference = (
  backend: Backend,
  recipe: LoopOptions,
  prompts: { tokens: Int32Array }[],
  groups: GradedCompletion[][],
): Promise<TokenStatistics[][]> =>
  backend.score(
    groups.map((group, p) => ({
      prompt: prompts[p].tokens,
      completions: group.map(({ completion }) => completion.tokens),
    })),
    { temperature: recipe.rollout.temperature, tokenBudget: recipe.train.tokenBudget, model: 'reference' },
  )

/** All optimizer steps on one batch of rollouts: epochs over minibatches of whole groups. */
async function optimise(
  { recipe, backend }: LoopSetup,
  items: TrainItem[],
  credit: Credit | undefined,
  { step, lr, entropyState }: Omit<UpdatePlace, 'update' | 'rolloutEntropy'>,
) {
  const rolloutEntropy = meanEntropy(items)
  const done: StepReport[] = []
  const critic: CriticReport[] = []
  const masks: Uint8Array[] = []
  const problems: { message: string }[] = []
  const { updatesPerBatch, epochs, onNonFinite } = recipe.train
  const groups = [...new Set(items.map(({ group }) => group))]
  for (let epoch = 0; epoch < epochs; epoch++) {
    // One minibatch needs no order; more are cut anew in every epoch.
    const order =
      updatesPerBatch > 1 ? shuffle([...groups], rngFrom(recipe.seed, minibatchStream, step, epoch)) : groups
    for (let m = 0; m < updatesPerBatch; m++) {
      const from = Math.round((m * order.length) / updatesPerBatch)
      const to = Math.round(((m + 1) * order.length) / updatesPerBatch)
      const chosen = new Set(order.slice(from, to))
      const indices = items.flatMap(({ group }, i) => (chosen.has(group) ? [i] : []))
      const untouched = done.length === 0 && critic.length === 0
      const report = isCriticWarmup(recipe, step)
        ? undefined
        : await optimizeMinibatch(
            backend,
            recipe,
            indices.map((i) => items[i]),
            { lr, step, update: done.length, rolloutEntropy, entropyState },
          )
      if (report) {
        if (report.update.interrupted) return { done, critic, masks, problems, interrupted: true, entropyState }
        if (report.update.nonFinite) {
          const { what, tokens } = report.update.nonFinite
          const message = describeNonFinite(step, what, placesOf(tokens))
          if (onNonFinite === 'stop') throw nonFiniteFailure(message, untouched)
          problems.push({ message: `${message}; the update is skipped` })
        }
        indices.forEach((index, k) => {
          masks[index] ??= report.masks[k]
        })
        if (report.update.applied) entropyState = report.entropyState
        for (const message of report.warnings) problems.push({ message: `step ${step}: ${message}` })
        done.push(report)
      }
      if (!credit) continue
      const interruptible = untouched && !report
      const learnt = await updateCritic(backend, recipe, { items, indices, credit }, { step, interruptible })
      if (!learnt) continue
      if (learnt.interrupted) return { done, critic, masks, problems, interrupted: true, entropyState }
      if (learnt.nonFinite) {
        const what = learnt.nonFinite.length > 0 ? "critic's loss" : "critic's gradient"
        const message = describeNonFinite(step, what, placesOf(learnt.nonFinite))
        if (onNonFinite === 'stop') throw nonFiniteFailure(message, interruptible)
        problems.push({ message: `${message}; the critic's update is skipped` })
      }
      critic.push(learnt)
    }
  }
  return { done, critic, masks, problems, interrupted: false, entropyState }
}

const placesOf = (tokens: { group: number; completion: number; position: number }[]): string[] =>
  tokens.map(({ group, completion, position }) => `prompt ${group}, sample ${completion}, token ${position}`)

/** A PPO completion's line of the rollouts: what the critic said, and the mean of its tokens' advantages. */
function attachCredit(completion: GradedCompletion, { advantage }: TrainItem, { values, returns }: Credit, i: number) {
  completion.tokenCredit = {
    advantages: advantage,
    ...(values[i] && returns[i] ? { values: values[i], returns: returns[i] } : {}),
  }
  completion.advantage = advantage.reduce((a, b) => a + b, 0) / advantage.length
}

/** Held-out problems under the evaluation's own seed: the run's randomness is not touched. */
async function evaluatePolicy(setup: LoopSetup, examples: Example[], step: number): Promise<EvalMetrics> {
  const { backend: sampler, model, task, evalTask } = setup
  const { rollout, eval: evaluation } = setup.recipe
  const { samples, temperature, seed } = evaluation!
  const problems = await respond(
    { sampler, model, task: evalTask ?? task },
    examples.map((example, index) => ({ index, example })),
    {
      samples,
      seed,
      maxNewTokens: rollout.maxNewTokens,
      temperature: temperature ?? rollout.temperature,
      topP: 1,
      topK: 0,
      minP: 0,
      stopStrings: rollout.stopStrings,
      batchSize: rollout.batchSize,
    },
  )
  return heldOutMetrics(step, problems, hashProblems(examples))
}

/** Reports of a running call as an async iterable that ends with it. */
class Progress {
  #latest: number | undefined
  #wake: (() => void) | undefined

  report(done: number): void {
    this.#latest = done
    this.#wake?.()
  }

  async *until(call: Promise<unknown>): AsyncGenerator<number> {
    let running = true
    const ended = call.then(
      () => {
        running = false
      },
      () => {
        running = false
      },
    )
    while (running) {
      await Promise.race([ended, new Promise<void>((resolve) => (this.#wake = resolve))])
      if (this.#latest !== undefined && running) {
        const done = this.#latest
        this.#latest = undefined
        yield done
      }
    }
  }
}
