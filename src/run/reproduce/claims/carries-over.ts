import { entropyCurves } from '../figures.js'
import { avgAtK, entropyAtEnd } from '../measures.js'
import type { Claim } from '../types.js'
import { clips } from '../variants.js'

/** The Llama is the scale's own policy, whose runs are those of the other claims. */
const clipsUnder = (name: string) => clips.map((clip) => `${name}-${clip}`)

const claim = (id: string, title: string, experiment: string, groups: Record<string, readonly string[]>): Claim => ({
  id,
  title,
  experiment,
  comparisons: Object.entries(groups).flatMap(([plain, clipped]) =>
    [entropyAtEnd, avgAtK].flatMap((measure) =>
      clipped.map((variant) => ({
        of: { variant, measure },
        against: { variant: plain, measure },
        expected: 'above' as const,
        decides: measure === entropyAtEnd,
      })),
    ),
  ),
  figures: Object.entries(groups).map(([plain, clipped]) => entropyCurves(`${id}-${plain}`, [plain, ...clipped])),
})

export const carriesOverPpo = claim(
  'ppo',
  'It carries over to PPO.',
  'PPO with a critic, without a clip, with Clip_B and with Clip_V: both must end with more entropy.',
  { ppo: clipsUnder('ppo') },
)

export const carriesOverFamilies = claim(
  'families',
  'It carries over to other model families.',
  'GRPO, Clip_B and Clip_V on policies of the Llama, Qwen3 and InternLM3 architectures: both clips must end with more ' +
    'entropy than GRPO on each.',
  { grpo: clips, qwen3: clipsUnder('qwen3'), internlm3: clipsUnder('internlm3') },
)
