/** All optimizer steps on one batch of rollouts: epochs over minibatches of whole groups, the critic's steps among them. */
import { rngFrom } from '../base/philox.js'
import { shuffle } from '../task/shuffle.js'
import type { Backend } from './backend.js'
import { meanEntropy, type TrainItem } from './batch.js'
import type { EntropyState } from './entropy-control.js'
import { describeNonFinite, type NotFinite, nonFiniteFailure, placesOf } from './non-finite.js'
import { openMinibatch, type UpdatePlace, updateOn } from './optimize.js'
import type { LoopOptions } from './options.js'
import type { Credit } from './ppo/credit.js'
import { type CriticReport, isCriticWarmup, updateCritic } from './ppo/critic-step.js'
import type { StepReport } from './step-report.js'

// Key of the random stream that cuts minibatches.
const minibatchStream = 0x6d696e69

const smallerRewards = "bound the task's rewards"

export interface BatchReport {
  updates: StepReport[]
  critic: CriticReport[]
  /** Gradient masks of the first update that trained on each item; absent if none did. */
  masks: (Uint8Array | undefined)[]
  /** What the user should hear of. */
  problems: string[]
  /** The entropy control's state after the last update that was applied. */
  entropyState: EntropyState
}

/**
 * Trains on the items, policy and critic in turns. Returns undefined where the run's signal ended it, before anything
 * had changed.
 * @throws Failure for a loss or gradient that is not finite, under onNonFinite: stop.
 */
export async function optimizeBatch(
  { recipe, backend }: { recipe: LoopOptions; backend: Backend },
  items: readonly TrainItem[],
  credit: Credit | undefined,
  place: Omit<UpdatePlace, 'update' | 'rolloutEntropy'>,
): Promise<BatchReport | undefined> {
  const { step } = place
  const rolloutEntropy = meanEntropy(items)
  const { entropyState } = place
  const report: BatchReport = { updates: [], critic: [], masks: [], problems: [], entropyState }
  if (credit?.notFinite) {
    report.problems.push(`${credit.notFinite}; the step's updates are skipped`)
    return report
  }
  /** A problem if the recipe skips such updates, else the end of the run. */
  const skip = (whose: string, { what, tokens }: NotFinite, policyUnchanged: boolean) => {
    const message = describeNonFinite(step, what, placesOf(tokens))
    if (recipe.train.onNonFinite === 'stop') {
      throw nonFiniteFailure(message, policyUnchanged, what === 'advantage' ? smallerRewards : undefined)
    }
    report.problems.push(`${message}; ${whose} update is skipped`)
  }
  for (const indices of minibatches(items, recipe, step)) {
    const untouched = report.updates.length === 0 && report.critic.length === 0
    const chosen = indices.map((i) => items[i])
    const now = { ...place, update: report.updates.length, rolloutEntropy, entropyState: report.entropyState }
    const opened = isCriticWarmup(recipe, step) ? undefined : await openMinibatch(backend, recipe, chosen, now)
    const notFinite = opened?.batch.notFinite()
    if (notFinite) skip('the', notFinite, untouched)
    const updated = opened && !notFinite ? await updateOn(backend, recipe, opened, now) : undefined
    if (updated) {
      const { update, masks, warnings } = updated
      if (update.interrupted) return undefined
      if (update.nonFinite) skip('the', update.nonFinite, untouched)
      if (update.applied) {
        report.entropyState = updated.entropyState
        indices.forEach((index, k) => {
          report.masks[index] ??= masks[k]
        })
      }
      report.problems.push(...warnings.map((message) => `step ${step}: ${message}`))
      report.updates.push(updated)
    }
    if (!credit) continue
    const interruptible = untouched && !updated
    const learnt = await updateCritic(backend, recipe, { items, indices, credit }, { step, interruptible })
    if (!learnt) continue
    if (learnt.interrupted) return undefined
    if (learnt.nonFinite) {
      const what = learnt.nonFinite.length > 0 ? "critic's loss" : "critic's gradient"
      skip("the critic's", { what, tokens: learnt.nonFinite }, interruptible)
    }
    report.critic.push(learnt)
  }
  return report
}

/** Indices of the items of each minibatch, epoch after epoch. */
function* minibatches(items: readonly TrainItem[], { train, seed }: LoopOptions, step: number): Generator<number[]> {
  const { updatesPerBatch, epochs } = train
  const groups = [...new Set(items.map(({ group }) => group))]
  for (let epoch = 0; epoch < epochs; epoch++) {
    // One minibatch needs no order; several get a new one in every epoch.
    const order = updatesPerBatch > 1 ? shuffle([...groups], rngFrom(seed, minibatchStream, step, epoch)) : groups
    for (let m = 0; m < updatesPerBatch; m++) {
      const from = Math.round((m * order.length) / updatesPerBatch)
      const to = Math.round(((m + 1) * order.length) / updatesPerBatch)
      const chosen = new Set(order.slice(from, to))
      yield items.flatMap(({ group }, i) => (chosen.has(group) ? [i] : []))
    }
  }
}
