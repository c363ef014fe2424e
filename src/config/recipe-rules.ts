import type { Recipe } from './recipe.js'

/** What no single key can tell: how keys of a recipe stand to each other. */
interface Rule {
  /** The key that the message is about. */
  path: string
  /** Every key the rule looks at; it is left out where one of them is invalid already. */
  reads: string[]
  /** What is wrong and what to do, or undefined. */
  check(recipe: Recipe): string | undefined
}

const masked = (recipe: Recipe) => recipe.entropy.method !== 'none'

/** An option of the entropy methods that is given although there is none. */
function needsMethod(key: 'muLow' | 'muHigh' | 'applyTo' | 'maxFraction'): Rule {
  return {
    path: `entropy.${key}`,
    reads: ['entropy.method', `entropy.${key}`],
    check: (recipe) =>
      !masked(recipe) && recipe.entropy[key] !== undefined
        ? 'has no effect while entropy.method is none; set entropy.method: clip-b or clip-v, or remove this key'
        : undefined,
  }
}

export const recipeRules: Rule[] = [
  {
    path: 'rollout.samplesPerPrompt',
    reads: ['rollout.samplesPerPrompt', 'algorithm.name'],
    check: ({ rollout, algorithm }) =>
      algorithm.name === 'grpo' && rollout.samplesPerPrompt < 2
        ? "GRPO compares a prompt's completions with each other, so a group of one has no advantage; set 2 or more (8 is usual)"
        : undefined,
  },
  {
    path: 'entropy.method',
    reads: ['entropy.method', 'entropy.preset', 'entropy.muLow', 'entropy.muHigh'],
    check: ({ entropy }) =>
      entropy.method !== 'none' &&
      entropy.preset === 'paper' &&
      entropy.muLow === undefined &&
      entropy.muHigh === undefined
        ? `${entropy.method} has no default bounds under preset paper; give entropy.muLow or entropy.muHigh in standard ` +
          'deviations (2 is a start, .inf leaves a side open), or set entropy.preset: trinity'
        : undefined,
  },
  needsMethod('muLow'),
  needsMethod('muHigh'),
  needsMethod('applyTo'),
  needsMethod('maxFraction'),
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
  if (recipe.train.warmupSteps >= recipe.train.steps) {
    warnings.push('train.warmupSteps covers the whole run: the learning rate never reaches train.lr.')
  }
  return warnings
}
