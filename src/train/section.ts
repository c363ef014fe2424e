/** The recipe's `train` section: optimization. */
import { z } from 'zod'
import { bound, count, optionalCount } from '../base/numbers.js'
import { deviceKey } from '../torch/device-key.js'

export const trainSection = z.strictObject({
  steps: count.default(100).describe('Steps; one step samples one batch of rollouts and trains on it.'),
  updatesPerBatch: count
    .default(1)
    .describe(
      'Minibatches that a rollout batch is cut into, by whole groups; each is one optimizer step. Optimizer steps per ' +
        'rollout batch = updatesPerBatch x epochs.',
    ),
  epochs: count
    .default(1)
    .describe('Passes over a rollout batch. Above 1, or with updatesPerBatch above 1, training is off-policy.'),
  tokenBudget: count
    .default(8192)
    .describe(
      'Tokens of one micro-batch at most (a prompt counts once per group): memory only, results do not depend on it.',
    ),
  activationCheckpointing: z
    .boolean()
    .default(false)
    .describe(
      "Keep only every layer's input in memory and compute the layer once more in the backward pass (Chen et al., " +
        'arXiv 1604.06174): the same gradients, a third slower, with the activations of one layer.',
    ),
  optimizerDevice: deviceKey
    .optional()
    .describe(
      "Where AdamW's moments, and the float32 masters of weights in half precision, lie, and where AdamW computes: cpu " +
        'gives a GPU their memory back; gradients then travel there and weights back at every step, float32 weights both ways. ' +
        'Absent: with the policy.',
    ),
  lr: z.number().min(0).default(1e-6).describe('Peak learning rate of AdamW.'),
  schedule: z
    .enum(['constant', 'linear', 'cosine'])
    .default('constant')
    .describe('Learning rate after the warm-up: constant, or falling towards 0 behind the last step (linear, cosine).'),
  warmupSteps: optionalCount
    .default(0)
    .describe('Steps over which the learning rate rises linearly from 0 to its peak.'),
  weightDecay: z
    .number()
    .min(0)
    .default(0)
    .describe("AdamW's decoupled weight decay (per step: lr x weightDecay x parameter)."),
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .default([0.9, 0.999])
    .describe("AdamW's decay rates of the first and second moment."),
  eps: z.number().gt(0).default(1e-8).describe("AdamW's term added to the denominator."),
  gradClip: bound.prefault(1).describe('Largest global L2 norm of the gradient. .inf: no clipping.'),
  onNonFinite: z
    .enum(['stop', 'skip'])
    .default('stop')
    .describe(
      'A non-finite loss or gradient never reaches the weights. stop: end the run and say where. skip: go on without that update.',
    ),
})

export type TrainSection = z.output<typeof trainSection>
