import { entropyCurves } from '../figures.js'
import { avgAtK, entropyAtEnd } from '../measures.js'
import type { Claim } from '../types.js'

/** The Llama is the scale's own policy, whose runs are those of the other claims. */
const settings = { grpo: ['clip-b', 'clip-v'], ppo: ['ppo-clip-b', 'ppo-clip-v'] }
const families = { qwen3: ['qwen3-clip-b', 'qwen3-clip-v'], internlm3: ['internlm3-clip-b', 'internlm3-clip-v'] }

const claim = (id: string, title: string, experiment: string, groups: Record<string, string[]>): Claim => ({
  id,
  title,
  experiment,
  comparisons: Object.entries(groups).flatMap(([plain, clips]) =>
    [entropyAtEnd, avgAtK].flatMap((measure) =>
      clips.map((variant) => ({
        of: { variant, measure },
        against: { variant: plain, measure },
        expected: 'above' as const,
        decides: measure === entropyAtEnd,
      })),
    ),
  ),
  figures: Object.entries(groups).map(([plain, clips]) => entropyCurves(`${id}-${plain}`, [plain, ...clips])),
})

export const carriesOverPpo = claim(
  'ppo',
  'It carries over to PPO.',
  'PPO with a critic, without a clip, with Clip_B and with Clip_V: both must end with more entropy.',
  { ppo: settings.ppo },
)

export const carriesOverFamilies = claim(
  'families',
  'It carries over to other model families.',
  'GRPO, Clip_B and Clip_V on policies of the Llama, Qwen3 and InternLM3 architectures: both clips must end with more ' +
    'entropy than GRPO on each.',
  { grpo: settings.grpo, ...families },
)
