/** The variants that the claims name, from a scale's own settings: the claims are the same at every scale. */
import { methods } from '../../entropy/methods/recipe-keys.js'
import { paperClips } from '../../entropy/methods/score-clips.js'
import type { Changes, Scale, Variant } from './types.js'

/** The clips that the claims are about; each is a variant of its method's name. */
export const clips: readonly string[] = paperClips.map(({ name }) => name)

/** Every method that is not an experiment, by the name of its variant. */
export const methodVariant = (name: string) => `method-${name}`
export const methodVariants: readonly string[] = methods.flatMap(({ name, empty, experiment }) =>
  empty || experiment ? [] : [methodVariant(name)],
)

/** What differs between the scales. */
export interface Settings {
  /** By clip, bounds in standard deviations, both sides, all tokens: tight, the one that all other claims use, loose. */
  bounds: Readonly<Record<string, readonly [tight: number, usual: number, loose: number]>>
  /** Length and evaluations of the runs on single classes of updates. */
  short: Changes
  /** Several updates on one batch, nothing stopped by the PPO clip. */
  reuse: Changes
  /** Several updates on a batch, for the comparison of all methods. */
  rivals: Changes
  ppo: Changes
  /** Where plain GRPO collapses, and the bounds there. */
  fast: { label: string; changes: Changes; bounds: Readonly<Record<string, number>> }
  targets: Scale['targets']
  /** Policies of other families: directories of the package. */
  families: Readonly<Record<string, { label: string; policy: string }>>
}

export function variantsOf(settings: Settings): Record<string, Variant> {
  const { bounds, short, reuse, rivals, ppo, fast, targets, families } = settings
  const usual = Object.fromEntries(Object.entries(bounds).map(([name, [, mu]]) => [name, mu]))
  /** Each clip at one bound. */
  const clipped = (at: Readonly<Record<string, number>>) =>
    paperClips.map(({ name, score }) => ({
      name,
      label: `${score!.label} ${at[name]}`,
      changes: { entropy: { method: name, muLow: at[name], muHigh: at[name] } } as Changes,
    }))
  /** No clip and every clip, under other settings or on another policy. */
  const withClips = (name: string, label: string, changes: Changes, at = usual, policy?: string) => ({
    [name]: { label, changes, policy },
    ...Object.fromEntries(
      clipped(at).map((clip) => [
        `${name}-${clip.name}`,
        { label: `${label}, ${clip.label}`, changes: { ...changes, ...clip.changes }, policy },
      ]),
    ),
  })
  const tightToLoose = (name: string): [string, Variant][] =>
    ['-tight', '', '-loose'].map((suffix, i) => {
      const { label, changes } = clipped({ [name]: bounds[name][i] }).find((clip) => clip.name === name)!
      return [`${name}${suffix}`, { label, changes }]
    })
  const experiments = methods.flatMap(({ name, experiment }): [string, Variant][] =>
    experiment ? [[name, { label: experiment.label, changes: { ...short, entropy: { method: name } } }]] : [],
  )
  const measured = { ...reuse, ledger: { every: 1 } }
  const hold = (target: number): Variant => ({
    label: `target ${target}`,
    changes: { entropy: { method: 'clip-v', target } },
  })
  /** With the published step of 1e-4 and limit of 0.005 the bonus would come to nothing in runs as short as these. */
  const bonus: Changes = {
    entropy: { method: 'adaptive-entropy', adaptive: { target: targets.below, delta: 0.005, start: 0, max: 0.1 } },
  }
  /** Each method on the same setting, with several updates on a batch: else the rules on the ratio change nothing. */
  const eachMethod = methods.flatMap((method): [string, Variant][] => {
    const { name, empty, experiment, options, example, aim, aggregation } = method
    if (empty || experiment) return []
    const mu = usual[name]
    const own = {
      ...example?.entropy,
      ...(mu === undefined ? {} : { muLow: mu, muHigh: mu }),
      ...(aim && options ? { [options.key]: aim(targets.below) } : {}),
    }
    const algorithm = { ...example?.algorithm, ...(aggregation && { aggregation }) }
    const changes = { ...rivals, entropy: { method: name, ...own }, algorithm }
    return [[methodVariant(name), { label: aim ? `${name} ${targets.below}` : name, changes }]]
  })
  /** DAPO's upper bound. On the only update of a batch the ratio is 1 and no clip acts. */
  const raised: Changes = { algorithm: { clipHigh: 0.28 }, train: { updatesPerBatch: 4 } }
  return {
    grpo: { label: 'GRPO', changes: { ledger: { every: 4 } } },
    ...Object.fromEntries(clips.flatMap(tightToLoose)),
    'short-grpo': { label: 'all updates', changes: short },
    ...Object.fromEntries(experiments),
    reuse: { label: 'several updates on a batch', changes: measured },
    ...withClips('ppo', 'PPO', ppo),
    ...withClips('fast', fast.label, fast.changes, fast.bounds),
    'setpoint-below': hold(targets.below),
    'setpoint-above': hold(targets.above),
    'adaptive-entropy': { label: `adaptive bonus ${targets.below}`, changes: bonus },
    ...Object.fromEntries(eachMethod),
    'clip-higher': { label: 'clip-higher, 4 updates a batch', changes: raised },
    ...Object.assign(
      {},
      ...Object.entries(families).map(([name, { label, policy }]) => withClips(name, label, {}, undefined, policy)),
    ),
  }
}
