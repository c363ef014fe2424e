/** The variants that the claims name, from a scale's own settings: the claims are the same at every scale. */
import type { Changes, Scale, Variant } from './types.js'

/** What differs between the scales. */
export interface Settings {
  /** Bounds in standard deviations, both sides, all tokens: tight, the one that all other claims use, loose. */
  clipB: readonly [number, number, number]
  clipV: readonly [number, number, number]
  /** Length and evaluations of the runs on single classes of updates. */
  short: Changes
  /** Several updates on one batch, nothing stopped by the PPO clip. */
  reuse: Changes
  ppo: Changes
  /** Where plain GRPO collapses, and the bounds there. */
  fast: { label: string; changes: Changes; clipB: number; clipV: number }
  targets: Scale['targets']
  /** Policies of other families: directories of the package. */
  families: Readonly<Record<string, { label: string; policy: string }>>
}

const clip = (method: 'clip-b' | 'clip-v', mu: number): Changes => ({ entropy: { method, muLow: mu, muHigh: mu } })
const clipName = { 'clip-b': 'Clip_B', 'clip-v': 'Clip_V' }

export function variantsOf(settings: Settings): Record<string, Variant> {
  const { clipB, clipV, short, reuse, ppo, fast, targets, families } = settings
  const clipped = (method: 'clip-b' | 'clip-v', mu: number): Variant => ({
    label: `${clipName[method]} ${mu}`,
    changes: clip(method, mu),
  })
  /** No clip, Clip_B and Clip_V under other settings or on another policy. */
  const trio = (name: string, label: string, changes: Changes, bounds = [clipB[1], clipV[1]], policy?: string) => ({
    [name]: { label, changes, policy },
    [`${name}-clip-b`]: {
      label: `${label}, Clip_B ${bounds[0]}`,
      changes: { ...changes, ...clip('clip-b', bounds[0]) },
      policy,
    },
    [`${name}-clip-v`]: {
      label: `${label}, Clip_V ${bounds[1]}`,
      changes: { ...changes, ...clip('clip-v', bounds[1]) },
      policy,
    },
  })
  const measured = { ...reuse, ledger: { every: 1 } }
  const only = (method: string, label: string): Variant => ({ label, changes: { ...short, entropy: { method } } })
  const hold = (target: number): Variant => ({
    label: `setpoint ${target}`,
    changes: { entropy: { method: 'clip-v', target } },
  })
  /** With the published step of 1e-4 and limit of 0.005 the bonus would come to nothing in runs as short as these. */
  const bonus: Changes = {
    entropy: { method: 'adaptive-entropy', adaptive: { target: targets.below, delta: 0.005, start: 0, max: 0.1 } },
  }
  /** DAPO's upper bound. On the only update of a batch the ratio is 1 and no clip acts. */
  const raised: Changes = { algorithm: { clipHigh: 0.28 }, train: { updatesPerBatch: 4 } }
  return {
    grpo: { label: 'GRPO', changes: { ledger: { every: 4 } } },
    'clip-b-tight': clipped('clip-b', clipB[0]),
    'clip-b': clipped('clip-b', clipB[1]),
    'clip-b-loose': clipped('clip-b', clipB[2]),
    'clip-v-tight': clipped('clip-v', clipV[0]),
    'clip-v': clipped('clip-v', clipV[1]),
    'clip-v-loose': clipped('clip-v', clipV[2]),
    'short-grpo': { label: 'all updates', changes: short },
    'mask-lowering': only('mask-lowering', 'lowering masked'),
    'mask-raising': only('mask-raising', 'raising masked'),
    'only-positive-likely': only('only-positive-likely', 'A > 0, Sc > 0 alone'),
    'only-positive-unlikely': only('only-positive-unlikely', 'A > 0, Sc < 0 alone'),
    'only-negative-likely': only('only-negative-likely', 'A < 0, Sc > 0 alone'),
    'only-negative-unlikely': only('only-negative-unlikely', 'A < 0, Sc < 0 alone'),
    reuse: { label: 'several updates on a batch', changes: measured },
    ...trio('ppo', 'PPO', ppo),
    ...trio('fast', fast.label, fast.changes, [fast.clipB, fast.clipV]),
    'setpoint-below': hold(targets.below),
    'setpoint-above': hold(targets.above),
    'adaptive-entropy': { label: `adaptive bonus ${targets.below}`, changes: bonus },
    'clip-higher': { label: 'clip-higher, 4 updates a batch', changes: raised },
    ...Object.assign(
      {},
      ...Object.entries(families).map(([name, { label, policy }]) => trio(name, label, {}, undefined, policy)),
    ),
  }
}
