/**
 * One optimizer step on a minibatch: statistics, mask, update, and what it means for the entropy. The mask is taken
 * over all of the minibatch's tokens before any of them is trained on.
 */
import { exactStatistics } from '../rollout/measure.js'
import type { TokenStatistics } from '../rollout/types.js'
import type { Backend, UpdateOptions, UpdateResult } from './backend.js'
import type { TrainItem } from './batch.js'
import { type EntropyState, entropyControl } from './entropy-control.js'
import { Minibatch } from './minibatch.js'
import type { LoopOptions } from './options.js'
import { PromptGroups } from './prompt-groups.js'
import { type StepReport, stepReport } from './step-report.js'

export interface UpdatePlace {
  lr: number
  step: number
  /** Optimizer steps made on this batch before; at 0 the sampler's own statistics are the policy's. */
  update: number
  /** Mean entropy of the whole batch of rollouts, over its policy tokens, nats. */
  rolloutEntropy: number
  entropyState: EntropyState
}

/** {@link openMinibatch} and {@link updateOn} in one. Returns undefined if the minibatch has no policy token. */
export async function optimizeMinibatch(
  backend: Backend,
  recipe: LoopOptions,
  items: readonly TrainItem[],
  place: UpdatePlace,
): Promise<StepReport | undefined> {
  const opened = await openMinibatch(backend, recipe, items, place)
  return opened && updateOn(backend, recipe, opened, place)
}

export interface OpenMinibatch {
  batch: Minibatch
  /** performance.now() when its statistics were begun. */
  began: number
}

/** Takes the minibatch's statistics. Returns undefined if it has no policy token. */
export async function openMinibatch(
  backend: Backend,
  recipe: LoopOptions,
  items: readonly TrainItem[],
  place: Pick<UpdatePlace, 'update'>,
): Promise<OpenMinibatch | undefined> {
  if (!items.some(({ counts, completion }) => counts && completion.tokens.length > 0)) return undefined
  const began = performance.now()
  const { algorithm, rollout, train } = recipe
  const groups = new PromptGroups(items)
  const statistics: TokenStatistics[] = keepsSampled(recipe, place)
    ? items.map(({ completion }) => completion)
    : groups
        .inItemOrder(
          await backend.score(
            groups.map(({ completion }) => completion.tokens),
            { temperature: rollout.temperature, tokenBudget: train.tokenBudget },
          ),
        )
        .map(exactStatistics)
  const batch = new Minibatch(items, groups, statistics, {
    aggregation: algorithm.aggregation,
    constantLength: algorithm.constantLength ?? rollout.maxNewTokens,
  })
  return { batch, began }
}

/** Whether the statistics are the sampler's: on a batch's first update, and later if the recipe says so. */
const keepsSampled = ({ entropy }: LoopOptions, { update }: Pick<UpdatePlace, 'update'>): boolean =>
  update === 0 || entropy.statistics === 'rollout'

/** Takes the mask over all of the minibatch's tokens, and makes the step. */
export async function updateOn(
  backend: Backend,
  recipe: LoopOptions,
  { batch, began }: OpenMinibatch,
  place: UpdatePlace,
): Promise<StepReport> {
  const { rollout, train } = recipe
  const { groups } = batch
  const unmoved = place.update === 0
  const { step, update: done, rolloutEntropy, entropyState: state } = place
  const { weight } = batch
  const control = entropyControl(batch.tokens, recipe, { step, update: done, weight, rolloutEntropy, state })
  const trainGroups = batch.trainGroups(control)
  const options: UpdateOptions = {
    objective: control.objective,
    temperature: rollout.temperature,
    lr: place.lr,
    weightDecay: train.weightDecay,
    betas: train.betas,
    eps: train.eps,
    gradClip: train.gradClip,
    tokenBudget: train.tokenBudget,
    activationCheckpointing: train.activationCheckpointing,
    // The policy has moved since the statistics were taken: no token's ratio is known without a pass.
    everyToken: keepsSampled(recipe, place) && !unmoved,
    ledger: recipe.ledger !== undefined && step % recipe.ledger.every === 0,
    // Once a step has changed the policy it has to be finished.
    interruptible: unmoved,
  }
  const update = withPlaces(await backend.update(trainGroups, options), groups)
  const trained = groups.inItemOrder(trainGroups.map(({ completions }) => completions))
  return stepReport({ batch, control, trained, update, unmoved, began })
}

/** The places of tokens that are not finite, as the step's own prompts and samples. */
function withPlaces(update: UpdateResult, groups: PromptGroups): UpdateResult {
  if (!update.nonFinite) return update
  const tokens = update.nonFinite.tokens.map(({ group, completion, position }) => {
    const item = groups.item(group, completion)
    return { group: item.group, completion: item.completion.sample, position }
  })
  return { ...update, nonFinite: { ...update.nonFinite, tokens } }
}
