/** What the commands that load a model need from the rollout room; tests put their own in its place. */
import type { generate, score } from '../rollout/index.js'

export type { GenerateInput, GenerateLine, GenerateOptions } from '../rollout/generate.js'
export type { ScoreInput, ScoreLine, ScoreOptions } from '../rollout/score.js'

export interface RolloutRoom {
  score: typeof score
  generate: typeof generate
}

/** Loaded when a command needs it, so that --help stays fast. */
export const rolloutRoom = (): Promise<RolloutRoom> => import('../rollout/index.js')
