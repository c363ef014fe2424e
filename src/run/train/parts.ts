/** The seam between a run on disk and what does the work: everything a recipe names, opened. */
import { join } from 'node:path'
import { MissingData, ServerTrouble, UserError } from '../../base/errors.js'
import type { ModelSketch } from '../../model/open.js'
import { unusedVariables } from '../../model/template/variables.js'
import type { DecoderConfig, Tokenizer } from '../../model/types.js'
import type { Recipe, Resolved } from '../../recipe/schema.js'
import { promptTokens, requireRoomFor } from '../../rollout/prompts.js'
import type { GivenCode } from '../../task/code.js'
import { loadTask } from '../../task/registry.js'
import { PromptStream } from '../../task/stream.js'
import { variablesOf } from '../../task/template.js'
import type { Task } from '../../task/types.js'
import type { Backend } from '../../train/backend.js'
import { openBackendKind } from '../../train/backends.js'
import { trainLoop } from '../../train/loop.js'
import { readLoopState } from '../../train/loop-state.js'
import type { ModelShape } from '../plan/plan.js'
import { sketchPolicy } from '../plan/policy.js'
import type { SavedLoopState } from '../store/checkpoint.js'
import type { LoopStart } from '../store/keep-run.js'
import type { LoopEvent } from '../store/recorder.js'
import { openSampler } from './open-backend.js'

export interface Parts {
  backend: Backend
  /**
   * The training loop, from its beginning or from a saved state (the backend is in that state already, and holds the
   * frozen reference where the recipe's KL term needs it). A `step` event is the end of its step: while it is handled
   * the backend's state may be saved. An evaluation of a step follows its `step` event before the next step begins.
   * An error it throws with `policyUnchanged: true` leaves the backend in that step's state, which is then saved.
   * On `signal` the loop returns at the next moment at which the backend is in the state of the last `step` event.
   */
  loop(start: LoopStart): AsyncIterable<LoopEvent>
  /** @throws UserError that names what of a saved state the loop cannot continue from. */
  checkState?(state: SavedLoopState): void
  close(): Promise<void>
}

export interface OpenOptions {
  signal?: AbortSignal
  /** The run's. */
  directory?: string
}

export type OpenParts = (recipe: Resolved<Recipe>, options: OpenOptions) => Promise<Parts>

/** How a recipe is opened whose functions, if it names any, are these. */
export const openPartsWith =
  (code?: GivenCode): OpenParts =>
  async (recipe, { signal, directory }) => {
    const { task, evalTask } = await openTasks(recipe, code)
    const backend = await openBackendKind(recipe, { signal })
    const own = directory === undefined ? {} : { directory: join(directory, 'sampler') }
    const sampler = await openSampler(recipe, backend, { ...own, signal }).catch(async (error: unknown) => {
      await backend.close()
      throw error
    })
    return {
      backend,
      loop: (start) =>
        trainLoop({
          recipe,
          backend,
          sampler,
          task,
          evalTask,
          ...start,
          state: start.state && readLoopState(start.state, recipe),
        }),
      checkState: (state) => void readLoopState(state, recipe),
      close: async () => {
        await sampler.close()
        await backend.close()
      },
    }
  }

export const openParts: OpenParts = openPartsWith()

/** The training task, and the evaluation's where it has its own. */
async function openTasks(recipe: Recipe, code?: GivenCode): Promise<{ task: Task; evalTask?: Task }> {
  const task = await loadTask(recipe.task, { code })
  return { task, evalTask: recipe.eval?.task && (await loadTask(recipe.eval.task, { code })) }
}

/** Prompts that are tokenised for the plan. */
const promptsLookedAt = 16

async function meanPromptTokens(
  recipe: Recipe,
  task: Task,
  { config, tokenizer }: { config: DecoderConfig; tokenizer: Tokenizer },
): Promise<number> {
  const examples = await new PromptStream(task, 'train', recipe.seed).next(promptsLookedAt)
  const lengths = examples.map((example) => {
    const { tokens } = promptTokens({ tokenizer }, example)
    requireRoomFor(config, example, tokens, recipe.rollout.maxNewTokens)
    return tokens.length
  })
  return Math.ceil(lengths.reduce((a, b) => a + b, 0) / Math.max(1, lengths.length))
}

/**
 * Locates the recipe's model and reads its shape; its weights are not fetched. The task's entry is checked on the way;
 * with `planOnly`, data that is not on this machine is told in the shape, not thrown.
 */
export async function describeModel(
  recipe: Recipe,
  { planOnly = false, code }: { planOnly?: boolean; code?: GivenCode } = {},
): Promise<ModelShape> {
  const missing: string[] = []
  const tasks = await openTasks(recipe, code).catch((error: unknown) => {
    if (!planOnly || !(error instanceof MissingData || error instanceof ServerTrouble)) throw error
    missing.push(error.message)
    return undefined
  })
  const model = await sketchPolicy(recipe)
  const { tokenizer } = model
  if (!tokenizer) {
    const problem = `${model.path} has no tokenizer`
    if (!planOnly) throw new UserError(problem, { hint: 'the plan alone can do without: --dry-run' })
    missing.push(problem)
  }
  return {
    ...shapeOf(model),
    ...(tasks && tokenizer
      ? { promptTokens: await meanPromptTokens(recipe, tasks.task, { config: model.config, tokenizer }) }
      : {}),
    ...(missing.length > 0 ? { missing } : {}),
    ...(tokenizer ? templateWarnings(recipe, tokenizer) : {}),
  }
}

/** Variables that the template does not read. */
function templateWarnings(recipe: Recipe, tokenizer: Tokenizer): Pick<ModelShape, 'warnings'> {
  const given = [recipe.task, ...(recipe.eval?.task === undefined ? [] : [recipe.eval.task])]
  const warnings = new Set(given.flatMap((task) => unusedVariables(tokenizer, variablesOf(task)) ?? []))
  return warnings.size === 0 ? {} : { warnings: [...warnings] }
}

export const shapeOf = ({ reference, path, config, parameters, weightsHere }: ModelSketch): ModelShape => ({
  reference,
  path,
  config,
  parameters,
  weightsHere,
})
