/** What an attention over packed rows is given and gives; there is a padded one and one of variable lengths. */
import type { Attend } from '../decoder.js'
import type { DecoderConfig } from '../types.js'

/** Which packed rows belong together: all prompts one after the other, then all branches. */
export interface PackShape {
  promptLengths: number[]
  /** In the order of their rows; `prompt`: which one it continues. */
  branches: { prompt: number; length: number }[]
}

export type AttentionHeads = Pick<DecoderConfig, 'heads' | 'kvHeads' | 'headDim'>

/** For one pack: a prompt's row sees its prompt's rows up to itself, a branch's also all of its prompt. */
export interface PackedAttention {
  attend(heads: AttentionHeads): Attend
  dispose(): void
}
