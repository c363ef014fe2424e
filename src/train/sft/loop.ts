/**
 * The supervised loop: take the next examples, tokenise them, raise the likelihood of what is learnt, tell. It knows a
 * {@link Backend} and examples, and nothing of files. The order of the examples is keyed by the seed, so the state to
 * continue from is the step.
 */
import { UserError } from '../../base/errors.js'
import type { SftData } from '../../task/sft-data.js'
import type { SftExample } from '../../task/sft-example.js'
import type { ExactBackend, UpdateResult } from '../backend.js'
import { describeNonFinite, nonFiniteFailure } from '../non-finite.js'
import { learningRate } from '../schedule.js'
import { likelihood, makeBatch, type SftBatch, toTrainGroups } from './batch.js'
import type { SftEvent, SftStepMetrics } from './events.js'
import { ExampleOrder } from './order.js'
import type { SftOptions } from './section.js'
import { addTargets, meansOf, noSums, validate } from './validate.js'

export interface SftSetup {
  recipe: SftOptions
  backend: ExactBackend
  data: SftData
  state?: SftState
  /** Begin with the validation of the state's step. */
  evaluate?: boolean
  signal?: AbortSignal
}

/** Where a run is; JSON. The checkpoint's own step, which is checked as it is read. */
export interface SftState {
  step: number
}

export type SftLoopEvent =
  | Exclude<SftEvent, { type: 'step' }>
  | (Extract<SftEvent, { type: 'step' }> & { state: SftState })

/** Examples that a run takes in all, each as often as it comes. */
export function sftExamples({ train }: SftOptions, available: number): number {
  if (train.steps !== undefined) return train.steps * train.examplesPerStep
  return Math.max(1, Math.round(train.epochs * available))
}

export const sftSteps = (recipe: SftOptions, available: number): number =>
  Math.ceil(sftExamples(recipe, available) / recipe.train.examplesPerStep)

/** Whether the policy is validated after `step` steps (0 = before the first). */
export const validationDue = ({ eval: validation }: SftOptions, step: number, steps: number): boolean =>
  validation !== undefined && (step % validation.every === 0 || step === steps)

export async function* sftLoop(setup: SftSetup): AsyncGenerator<SftLoopEvent> {
  const { recipe, data, signal } = setup
  const { examplesPerStep } = recipe.train
  const total = sftExamples(recipe, data.train.length)
  const steps = sftSteps(recipe, data.train.length)
  const order = new ExampleOrder(data.train.length, recipe.seed)
  const held = recipe.eval && validationBatch(setup, data.validation.slice(0, recipe.eval.examples))
  let { step } = setup.state ?? { step: 0 }

  if (setup.evaluate || (step === 0 && validationDue(recipe, 0, steps))) {
    yield* validation(setup, held!, step)
    if (signal?.aborted) return
  }
  while (step < steps) {
    if (signal?.aborted) return
    const next = step + 1
    yield { type: 'phase', step: next, phase: 'train' }
    const indices = order.slice(step * examplesPerStep, Math.min(next * examplesPerStep, total))
    const batch = tokenised(() =>
      makeBatch(
        indices.map((i) => data.train[i]),
        setup.backend.model,
        recipe.data,
      ),
    )
    const lr = learningRate({ ...recipe.train, steps }, next)
    const began = performance.now()
    const update = batch.targets > 0 ? await updateOn(setup, batch, lr) : undefined
    if (update?.interrupted) return
    if (update?.nonFinite) {
      const places = update.nonFinite.tokens.map(({ group }) => batch.sequences[group].example.where)
      const message = describeNonFinite(next, update.nonFinite.what, [...new Set(places)])
      if (recipe.train.onNonFinite === 'stop') throw nonFiniteFailure(message, true)
      yield { type: 'warning', step: next, message: `${message}; the update is skipped` }
    }
    if (batch.targets === 0) {
      yield { type: 'warning', step: next, message: `step ${next}: none of its examples fits data.maxTokens` }
    }
    step = next
    const metrics: SftStepMetrics = {
      step,
      time: new Date().toISOString(),
      epoch: Math.min(step * examplesPerStep, total) / data.train.length,
      ...(update && updateMetrics(batch, update, (performance.now() - began) / 1000)),
      lr,
      examples: batch.sequences.length,
      dropped_examples: batch.dropped,
      truncated_examples: batch.truncated,
      target_tokens: batch.targets,
      tokens: batch.tokens,
      rss_bytes: process.memoryUsage.rss(),
    }
    yield { type: 'step', metrics, state: { step } }

    if (validationDue(recipe, step, steps)) {
      yield* validation(setup, held!, step)
      if (signal?.aborted) return
    }
  }
}

async function* validation(setup: SftSetup, batch: SftBatch, step: number): AsyncGenerator<SftLoopEvent> {
  const { recipe, backend, signal } = setup
  const total = batch.sequences.length
  const running = validate(backend, batch, { step, tokenBudget: recipe.train.tokenBudget, signal })
  for (;;) {
    const { done, value } = await running.next()
    if (!done) yield { type: 'phase', step, phase: 'evaluate', done: value as number, total }
    else if (value) return yield { type: 'eval', metrics: value }
    else return
  }
}

function validationBatch({ backend, recipe }: SftSetup, examples: SftExample[]): SftBatch {
  const batch = makeBatch(examples, backend.model, recipe.data)
  if (batch.targets === 0) {
    throw new UserError('eval: no validation example has anything to learn within data.maxTokens', {
      hint: 'give more validation examples (data.evalPath, data.evalShare), or raise data.maxTokens',
    })
  }
  return batch
}

/** An example that the template refuses ends the run with the policy as it is. */
function tokenised<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { policyUnchanged: true }) : error
  }
}

function updateOn({ recipe, backend }: SftSetup, batch: SftBatch, lr: number): Promise<UpdateResult> {
  const { weightDecay, betas, eps, gradClip, tokenBudget, activationCheckpointing } = recipe.train
  return backend.update(toTrainGroups(batch), {
    objective: likelihood,
    temperature: 1,
    lr,
    weightDecay,
    betas,
    eps,
    gradClip,
    tokenBudget,
    activationCheckpointing,
    interruptible: true,
    distributions: true,
  })
}

function updateMetrics(batch: SftBatch, update: UpdateResult, seconds: number): Partial<SftStepMetrics> {
  const sums = noSums()
  let scores = 0
  batch.sequences.forEach(({ target }, i) => {
    const [{ logprob, distribution }] = update.tokens[i]
    if (distribution === undefined) return
    addTargets(sums, target, { logprob, ...distribution })
    for (let t = 0; t < target.length; t++) if (target[t] === 1) scores += distribution.centredScore[t]
  })
  const known = update.applied && sums.targets > 0
  const all: Partial<SftStepMetrics> = {
    ...(known ? { ...meansOf(sums), pred_dH_kept: -scores / sums.targets } : {}),
    grad_norm: update.gradNorm,
    train_seconds: seconds,
    train_tokens_per_s: batch.tokens / seconds,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => Number.isFinite(value)))
}
