/**
 * Whether a run fits into what is free. The estimate may be off by 15 % either way (docs/benchmarks.md): a run is refused
 * where even a smaller need than estimated would not fit, and warned of where it may not.
 */
import { UserError } from '../../base/errors.js'
import { type DeviceMemory, hasRoom } from './devices.js'
import { hasOwnMemory } from './free-memory.js'
import type { MemoryEstimate } from './micro-batch.js'

/** The estimate over the measured peak, at most. */
const tolerance = 1.15

/** Keys that decide how much memory a run takes, of training and of the supervised warm start alike. */
interface Sized {
  device: string
  dtype: string
  memoryCheck: 'refuse' | 'warn'
  lora?: unknown
  train: { tokenBudget: number; activationCheckpointing: boolean; optimizerDevice?: string }
  rollout?: { batchSize: number }
}

/** What a plan says about memory beyond its numbers. */
export interface MemoryVerdict {
  warnings: string[]
  /** Why the run is not to start; absent where it may. */
  refusal?: { message: string; hint: string }
}

export function judgeMemory<R extends Sized>(
  recipe: R,
  memory: MemoryEstimate,
  estimate: (recipe: R) => MemoryEstimate,
): MemoryVerdict {
  const short = memory.devices.filter((device) => !hasRoom(device))
  if (short.length === 0) return { warnings: [] }
  const refused = short.filter((device) => !mayFit(device))
  const advice = remedy(recipe, memory, estimate)
  const message = (verb: string, devices: DeviceMemory[]) =>
    `the run ${verb} fit into memory: it takes ${devices.map(need).join(', and ')}`
  if (refused.length === 0) return { warnings: [`${message('may not', short)}; ${advice}`] }
  const warnings = [`${message('does not', short)}; ${advice}`]
  if (recipe.memoryCheck === 'warn') return { warnings }
  const hint = `${advice}; --set memoryCheck=warn starts it all the same`
  return { warnings, refusal: { message: message('does not', refused), hint } }
}

/** @throws UserError where the plan refuses the run */
export function requireRoom({ refusal }: Pick<MemoryVerdict, 'refusal'>): void {
  if (refusal) throw new UserError(refusal.message, { hint: refusal.hint })
}

const mayFit = ({ total, available }: DeviceMemory): boolean =>
  available === undefined || total <= available * tolerance

const need = ({ device, total, available }: DeviceMemory): string =>
  `about ${inGiB(total)} on ${device}, where ${inGiB(available!)} are free`

const inGiB = (bytes: number): string => `${(bytes / 2 ** 30).toPrecision(3)} GiB`

interface Change<R> {
  text: string
  apply(recipe: R): R
}

/** The largest token budget, and changes after which the estimate says that the run fits. */
function remedy<R extends Sized>(recipe: R, memory: MemoryEstimate, estimate: (recipe: R) => MemoryEstimate): string {
  /** The change's text, with the token budget that it needs besides; undefined where it does not help. */
  const tried = (changes: Change<R>[]): string[] => {
    const changed = changes.reduce((one, { apply }) => apply(one), recipe)
    const then = estimate(changed)
    const text = changes.map((change) => change.text).join(', ')
    if (then.devices.every(hasRoom)) return [text]
    return then.largestTokenBudget === undefined ? [] : [`${text}, train.tokenBudget: ${then.largestTokenBudget}`]
  }
  const changes = changesOf(recipe)
  const alone = changes.flatMap((change) => tried([change]))
  const together = alone.length > 0 ? [] : changes.flatMap((_, index) => tried(changes.slice(0, index + 1))).slice(0, 1)
  const working = [...alone, ...together].slice(0, 3).join(', or ')
  const { largestTokenBudget } = memory
  if (largestTokenBudget !== undefined) {
    const budget = `train.tokenBudget: ${largestTokenBudget} is the largest that fits`
    return working === '' ? budget : `${budget}, or else ${working}`
  }
  return working === ''
    ? 'no train.tokenBudget makes it fit: choose a smaller model, or a machine with more memory'
    : `no train.tokenBudget alone makes it fit, but this does: ${working}`
}

/** From those that change no result to those that do. */
function changesOf<R extends Sized>({ device, train, rollout, dtype, lora }: R): Change<R>[] {
  const changes: Change<R>[] = []
  if (!train.activationCheckpointing) {
    changes.push({
      text: 'train.activationCheckpointing: true',
      apply: (recipe) => ({ ...recipe, train: { ...recipe.train, activationCheckpointing: true } }),
    })
  }
  const fewer = Math.max(1, Math.floor((rollout?.batchSize ?? 1) / 4))
  if (rollout && fewer < rollout.batchSize) {
    changes.push({
      text: `rollout.batchSize: ${fewer}`,
      apply: (recipe) => ({ ...recipe, rollout: { ...recipe.rollout, batchSize: fewer } }),
    })
  }
  if (hasOwnMemory(device) && train.optimizerDevice === undefined) {
    changes.push({
      text: 'train.optimizerDevice: cpu',
      apply: (recipe) => ({ ...recipe, train: { ...recipe.train, optimizerDevice: 'cpu' } }),
    })
  }
  if (dtype === 'float32')
    changes.push({ text: 'dtype: bfloat16', apply: (recipe) => ({ ...recipe, dtype: 'bfloat16' }) })
  if (lora === undefined) changes.push({ text: 'lora: {}', apply: (recipe) => ({ ...recipe, lora: { dropout: 0 } }) })
  return changes
}
