/**
 * The training loop: sample, grade, turn rewards into advantages, optimize, report. It knows a {@link Backend}, a task
 * and a recipe, and nothing of files; a run (src/run) writes down what it yields. Everything random is keyed by the
 * seed and the step, so the state to continue from is a few numbers.
 */
import { PromptStream } from '../task/stream.js'
import { collectBatch } from './collect-batch.js'
import { evaluatePolicy } from './evaluate-policy.js'
import type { TrainEvent } from './events.js'
import { rolloutsOf } from './graded.js'
import { ledgerLines } from './ledger.js'
import type { LoopSetup } from './loop-setup.js'
import type { LoopState } from './loop-state.js'
import { gradeMetrics, stepMetrics } from './metrics/step-metrics.js'
import { optimizeBatch } from './optimize-batch.js'
import { PolicySampler } from './policy-sampler.js'
import { creditTokens, withCredit } from './ppo/credit.js'
import { creditMetrics, isCriticWarmup } from './ppo/critic-step.js'
import { klMetrics, klToReference, nextKlCoef, withKlCoef } from './ppo/kl-to-reference.js'
import { evaluationDue, learningRate } from './schedule.js'
import { trainItems } from './train-items.js'
import { untilStopped } from './until-stopped.js'

export type { LoopSetup } from './loop-setup.js'
export type { LoopState } from './loop-state.js'

export type LoopEvent =
  | Exclude<TrainEvent, { type: 'step' }>
  | (Extract<TrainEvent, { type: 'step' }> & { state: LoopState })

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
  const sampler = new PolicySampler(setup.backend, setup.sampler, { tokenBudget: recipe.train.tokenBudget, step })
  const evaluate = () => untilStopped(signal, evaluatePolicy(setup, sampler, heldOut!, step))

  if (setup.evaluate || (step === 0 && evaluationDue(recipe, 0))) {
    yield { type: 'phase', step, phase: 'evaluate' }
    const metrics = await evaluate()
    if (!metrics) return
    yield { type: 'eval', metrics }
  }
  while (step < recipe.train.steps) {
    if (signal?.aborted) return
    const next = step + 1
    const lr = learningRate(recipe.train, next)

    const batch = yield* collectBatch(setup, sampler, stream, next)
    if (!batch) return
    const { graded, statistics } = batch
    const correction = sampler.correct(graded.map(({ completion }) => completion))
    const { items: bare, advantages } = await trainItems(setup, batch, correction)
    const kl = klToReference(bare)
    const credit =
      recipe.critic &&
      (await creditTokens(setup.backend, recipe, bare, {
        rewards: graded.map(({ reward }) => reward),
        klCoef: klIn === 'reward' ? klCoef : 0,
        step: next,
      }))
    const items = credit ? withCredit(bare, credit) : bare
    if (signal?.aborted) return

    yield { type: 'phase', step: next, phase: 'train' }
    const place = { step: next, lr, entropyState: entropy }
    const report = await optimizeBatch({ ...setup, recipe: withKlCoef(recipe, klCoef) }, items, credit, place)
    if (!report) return
    const { updates, masks, problems } = report
    for (const message of problems) yield { type: 'warning', step: next, message }
    entropy = report.entropyState
    step = next
    sampler.moved(step)
    position = stream.position
    const rollouts = rolloutsOf(graded, { items, advantages, credit, masks })
    const metrics = {
      ...stepMetrics({ step, lr, graded: rollouts, statistics, reports: updates, recipe }),
      ...batch.metrics,
      ...correction?.metrics,
      ...(credit ? creditMetrics(credit, report.critic) : {}),
      ...(kl ? klMetrics(recipe, klCoef, kl) : {}),
      ...gradeMetrics(rollouts),
    }
    // A policy that is not trained yet has no distance to be steered.
    if (!isCriticWarmup(recipe, step)) klCoef = nextKlCoef(recipe, klCoef, kl)
    const state = { step, position, entropy, ...(klTarget === undefined ? {} : { klCoef }) }
    yield { type: 'step', metrics, rollouts, ledger: ledgerLines(step, updates), state }

    if (evaluationDue(recipe, step)) {
      yield { type: 'phase', step, phase: 'evaluate' }
      const metrics = await evaluate()
      if (!metrics) return
      yield { type: 'eval', metrics }
    }
  }
}
