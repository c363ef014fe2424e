/** Which keys of a recipe may differ between a run and its resumption. */
import { UserError } from '../../base/errors.js'
import { differingLeaves } from '../../base/leaves.js'
import type { Recipe } from '../../recipe/schema.js'
import { samplerKind } from '../../rollout/samplers.js'
import { backendKind } from '../../train/backends.js'

/**
 * A key, or a section with all of its keys. These decide how long, how fast and how closely watched a run is. All
 * others decide what it computes: a run under two of their values would be neither.
 */
const changeableInTraining = [
  'name',
  'threads',
  'device',
  'memoryCheck',
  'train.steps',
  'train.tokenBudget',
  'train.optimizerDevice',
  'train.onNonFinite',
  'rollout.batchSize',
  'eval.every',
  'ledger',
  'checkpoint',
  'log',
]

/** A recipe names these two only where they are not the default, and an earlier run never does. */
const withKinds = (recipe: object): object => ({
  backend: { kind: backendKind(undefined).kind },
  sampler: { kind: samplerKind(undefined).kind },
  ...recipe,
})

/** What the kinds let change of their own keys. */
const changeableInKinds = ({ backend, sampler }: Partial<Pick<Recipe, 'backend' | 'sampler'>>): string[] => [
  ...(backendKind(backend).changeable ?? []).map((key) => `backend.${key}`),
  ...(samplerKind(sampler).changeable ?? []).map((key) => `sampler.${key}`),
]

/** @throws UserError that names every key in which the recipe differs from the run's and may not. */
export function requireCompatible<R extends object = Recipe>(
  run: R,
  resumed: R,
  changeable: readonly string[] = changeableInTraining,
): void {
  const free = [...changeable, ...changeableInKinds(resumed as Partial<Recipe>)]
  const differing = differingLeaves(withKinds(run), withKinds(resumed)).filter(
    ({ path }) => !free.some((allowed) => path === allowed || path.startsWith(`${allowed}.`)),
  )
  if (differing.length === 0) return
  const lines = differing.map(({ path, before, now }) => `  ${path}: ${before} in the run, ${now} now`)
  throw new UserError(`a resumed run keeps its recipe, but these keys differ\n${lines.join('\n')}`, {
    hint:
      `only ${free.join(', ')} may change. To train on under another recipe, start a new run with ` +
      "`model:` set to a checkpoint's model/ directory",
  })
}
