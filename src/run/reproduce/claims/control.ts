import { entropyCurves, stepCurves } from '../figures.js'
import { entropyAtEnd } from '../measures.js'
import type { Claim, Comparison } from '../types.js'
import { clips } from '../variants.js'

const bounds = ['-tight', '', '-loose']
const variants = ['grpo', ...clips.flatMap((clip) => bounds.map((bound) => `${clip}${bound}`))]
const term = (variant: string) => ({ variant, measure: entropyAtEnd })
const higher = (variant: string, other: string, decides = true): Comparison => ({
  of: term(variant),
  against: term(other),
  expected: 'above',
  decides,
})

export const control: Claim = {
  id: 'control',
  title: 'Clip_B and Clip_V control entropy.',
  experiment:
    'Trains by GRPO and by each clip at three bounds. The two tighter bounds of each must end above GRPO, and the tight ' +
    'one above the loose one: the bound is a handle.',
  comparisons: clips.flatMap((clip) => [
    higher(`${clip}-tight`, 'grpo'),
    higher(clip, 'grpo'),
    higher(`${clip}-loose`, 'grpo', false),
    higher(`${clip}-tight`, `${clip}-loose`),
  ]),
  figures: [
    entropyCurves('control', variants),
    stepCurves(
      {
        id: 'control-reward',
        title: 'Reward',
        caption: 'Mean reward of the completions sampled in training.',
      },
      'reward_mean',
      variants,
    ),
  ],
}
