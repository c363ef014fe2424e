import { type LoraSection, ofGivenAdapter } from '../model/lora/section.js'
import { backendRules } from './backend-rules.js'
import { entropyRules, entropyWarnings } from './entropy-rules.js'
import type { Recipe } from './schema.js'

/** What no single key can tell: how keys of a recipe stand to each other. */
export interface Rule<R = Recipe> {
  /** The key that the message is about. */
  path: string
  /** Every key the rule looks at; it is left out where one of them is invalid already. */
  reads: string[]
  /** What is wrong and what to do, or undefined. */
  check(recipe: R): string | undefined
}

export const adapterRules = ofGivenAdapter.map(
  (key): Rule<{ lora?: LoraSection }> => ({
    path: `lora.${key}`,
    reads: ['lora.from', `lora.${key}`],
    check: ({ lora }) =>
      lora?.from !== undefined && lora[key] !== undefined
        ? 'is what the adapter in lora.from says; remove this key, or lora.from'
        : undefined,
  }),
)

export const extendsRule: Rule<{ extends?: unknown }> = {
  path: 'extends',
  reads: ['extends'],
  check: (recipe) =>
    recipe.extends === undefined
      ? undefined
      : 'belongs into a recipe file, where it is resolved as the file is read; in an object, spread the base',
}

export const recipeRules: Rule[] = [
  extendsRule,
  {
    path: 'rollout.samplesPerPrompt',
    reads: ['rollout.samplesPerPrompt', 'algorithm.name'],
    check: ({ rollout, algorithm }) =>
      algorithm.name === 'grpo' && rollout.samplesPerPrompt < 2
        ? "GRPO compares a prompt's completions with each other, so a group of one has no advantage; set 2 or more (8 is usual)"
        : undefined,
  },
  {
    path: 'rollout.dynamicSampling',
    reads: ['rollout.dynamicSampling', 'algorithm.name'],
    check: ({ rollout, algorithm }) =>
      rollout.dynamicSampling !== undefined && algorithm.name !== 'grpo'
        ? "compares a prompt's completions as GRPO does: a critic learns from equal rewards too; remove this section"
        : undefined,
  },
  ...entropyRules,
  ...backendRules,
  {
    path: 'critic',
    reads: ['critic', 'algorithm.name'],
    check: ({ critic, algorithm }) =>
      critic !== undefined && algorithm.name !== 'ppo'
        ? `has no effect under algorithm.name ${algorithm.name}; set algorithm.name: ppo, or remove this section`
        : undefined,
  },
  {
    path: 'algorithm.klIn',
    reads: ['algorithm.klIn', 'algorithm.name', 'algorithm.klCoef'],
    check: ({ algorithm }) =>
      algorithm.klIn === 'reward' && (algorithm.name !== 'ppo' || algorithm.klCoef === 0)
        ? algorithm.name === 'ppo'
          ? 'has no effect without a coefficient; set algorithm.klCoef above 0, or remove this key'
          : 'reward needs the per-token rewards of ppo; set algorithm.name: ppo, or leave the KL in the loss'
        : undefined,
  },
  {
    path: 'algorithm.klTarget',
    reads: ['algorithm.klTarget', 'algorithm.klCoef'],
    check: ({ algorithm }) =>
      algorithm.klTarget !== undefined && algorithm.klCoef === 0
        ? 'a coefficient of 0 cannot be adapted; set algorithm.klCoef above 0 (0.1 is a start)'
        : undefined,
  },
  {
    path: 'algorithm.klHorizon',
    reads: ['algorithm.klTarget', 'algorithm.klHorizon'],
    check: ({ algorithm }) =>
      algorithm.klHorizon !== undefined && algorithm.klTarget === undefined
        ? 'has no effect without algorithm.klTarget; set it, or remove this key'
        : undefined,
  },
  ...adapterRules,
  {
    path: 'algorithm.constantLength',
    reads: ['algorithm.constantLength', 'algorithm.aggregation'],
    check: ({ algorithm }) =>
      algorithm.constantLength !== undefined && algorithm.aggregation !== 'constant'
        ? `has no effect while algorithm.aggregation is ${algorithm.aggregation}; set it to constant, or remove this key`
        : undefined,
  },
  {
    path: 'train.updatesPerBatch',
    reads: ['train.updatesPerBatch', 'rollout.promptsPerStep'],
    check: ({ train, rollout }) =>
      train.updatesPerBatch > rollout.promptsPerStep
        ? `a batch is cut by whole groups, and a step has ${rollout.promptsPerStep} (rollout.promptsPerStep); lower this ` +
          'key, or use train.epochs for more updates on the same batch'
        : undefined,
  },
  {
    path: 'checkpoint.best',
    reads: ['checkpoint.best', 'eval'],
    check: ({ checkpoint, eval: evaluation }) =>
      checkpoint.best !== undefined && checkpoint.best !== 'reward_mean' && evaluation === undefined
        ? `${checkpoint.best} is measured by held-out evaluation; add an eval section (eval: {every: 10}), or set reward_mean`
        : undefined,
  },
]

/** AdamW moves a weight by about the rate in a step, and the weights of these models are around 0.01 to 1. */
const largestUsualRate = 0.01

/** Of a rate that leaves nothing of the model. */
export const rateWarnings = (key: string, rate: number | undefined): string[] =>
  rate !== undefined && rate > largestUsualRate
    ? [
        `${key} is ${rate}: AdamW moves every weight by about that much in a step, which destroys the model. 1e-6 to 1e-4 is usual, ` +
          'for LoRA up to 1e-3.',
      ]
    : []

/** What is allowed but weakens what a run says; printed with the plan. */
export function recipeWarnings(recipe: Recipe): string[] {
  const warnings: string[] = []
  const { topP, topK, minP } = recipe.rollout
  if (topP < 1 || topK > 0 || minP > 0) {
    warnings.push(
      'rollout.topP, topK or minP cut the distribution: the ratio and the entropy predictions no longer hold exactly. ' +
        'Statistics are those of the full softmax(z/T), and the mass cut away is logged.',
    )
  }
  if (recipe.critic && recipe.critic.warmupSteps >= recipe.train.steps) {
    warnings.push('critic.warmupSteps covers the whole run: the policy is never trained.')
  }
  warnings.push(...entropyWarnings(recipe))
  warnings.push(...rateWarnings('train.lr', recipe.train.lr))
  if (recipe.critic) warnings.push(...rateWarnings('critic.lr', recipe.critic.lr))
  if (recipe.train.warmupSteps >= recipe.train.steps) {
    warnings.push('train.warmupSteps covers the whole run: the learning rate never reaches train.lr.')
  }
  return warnings
}
