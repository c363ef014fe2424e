/**
 * What the training loop reads of a recipe. Each section's schema stands with its owner; a whole recipe has further keys
 * (checkpoints, trackers, memory) that are the run's business, and is assignable to this.
 */
import type { EntropySection } from '../entropy/section.js'
import type { EvalSection } from '../evaluate/section.js'
import type { RolloutSection } from '../rollout/section.js'
import type { AlgorithmSection } from './algorithm-section.js'
import type { LedgerSection } from './ledger-section.js'
import type { CriticSection } from './ppo/section.js'
import type { TrainSection } from './section.js'

export interface LoopOptions {
  seed: number
  rollout: RolloutSection
  algorithm: AlgorithmSection
  entropy: EntropySection
  train: TrainSection
  critic?: CriticSection
  eval?: EvalSection
  ledger?: LedgerSection
}
