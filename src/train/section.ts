/** The recipe's `train` section: optimization. */
import { z } from 'zod'
import { bound, count, optionalCount } from '../base/numbers.js'
import { deviceKey } from '../torch/device-key.js'

export const trainSection = z.strictObject({
  steps: count.default(100).describe('Number of steps. One step samples one batch of rollouts and trains on it.'),
  updatesPerBatch: count
    .default(1)
    .describe(
      'Number of minibatches that a rollout batch is divided into, by whole groups. Each is one optimizer step. ' +
        'Optimizer steps per rollout batch = updatesPerBatch x epochs.',
    ),
  epochs: count
    .default(1)
    .describe(
      'Passes over a rollout batch. With more than 1, or with updatesPerBatch above 1, training is off-policy.',
    ),
  tokenBudget: count
    .default(8192)
    .describe(
      'Largest number of tokens in a micro-batch (a prompt counts once per group). Changes memory, not results.',
    ),
  activationCheckpointing: z
    .boolean()
    .default(false)
    .describe(
      "Keep only each layer's input in memory and recompute the layer in the backward pass (Chen et al., arXiv " +
        "1604.06174). Gradients are the same, training is a third slower, and only one layer's activations are in " +
        'memory.',
    ),
  optimizerDevice: deviceKey
    .optional()
    .describe(
      'Device of AdamW, its moments, and the float32 masters of half-precision weights. cpu offloads them from ' +
        'a GPU. Gradients are then copied to the CPU and weights back at every step (float32 weights both ways). ' +
        "Default: the policy's device.",
    ),
  lr: z.number().min(0).default(1e-6).describe('Peak learning rate of AdamW.'),
  schedule: z
    .enum(['constant', 'linear', 'cosine'])
    .default('constant')
    .describe('Learning rate after the warm-up: constant, or falling toward 0 after the last step (linear, cosine).'),
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
      'A non-finite loss or gradient never reaches the weights. stop: end the run and report where. skip: ' +
        'continue without that update.',
    ),
})

export type TrainSection = z.output<typeof trainSection>
