/** How the keys of a recipe's `entropy` stand to each other and to the rest. */
import {
  combinationProblem,
  type EntropyMethodName,
  type MethodSection,
  methodList,
  methodOfSection,
  ppoBound,
  replacesPpoClip,
} from '../entropy/methods/recipe-keys.js'
import type { Rule } from './rules.js'
import type { Recipe } from './schema.js'

const methodsOf = (recipe: Recipe) => methodList(recipe.entropy.method)
const isClip = (name: EntropyMethodName) => name === 'clip-b' || name === 'clip-v'
const methodText = ({ entropy: { method } }: Recipe) => (typeof method === 'string' ? method : method.join(' with '))

/** An option of the clips that is given although there is none. */
function needsClip(key: 'muLow' | 'muHigh' | 'applyTo' | 'maxFraction'): Rule {
  return {
    path: `entropy.${key}`,
    reads: ['entropy.method', `entropy.${key}`],
    check: (recipe) =>
      !methodsOf(recipe).some(isClip) && recipe.entropy[key] !== undefined
        ? `has no effect while entropy.method is ${methodText(recipe)}; set entropy.method: clip-b or clip-v, or remove this key`
        : undefined,
  }
}

/** The options of a method that is not used. */
function needsMethod(section: MethodSection): Rule {
  const name = methodOfSection[section]
  return {
    path: `entropy.${section}`,
    reads: ['entropy.method', `entropy.${section}`],
    check: (recipe) =>
      recipe.entropy[section] !== undefined && !methodsOf(recipe).includes(name)
        ? `has no effect while entropy.method is ${methodText(recipe)}; set entropy.method: ${name}, or remove this section`
        : undefined,
  }
}

export const entropyRules: Rule[] = [
  {
    path: 'entropy.method',
    reads: ['entropy.method', 'entropy.preset', 'entropy.muLow', 'entropy.muHigh', 'entropy.target'],
    check: ({ entropy }) => {
      const clip = methodList(entropy.method).find(isClip)
      return clip &&
        entropy.target === undefined &&
        entropy.preset === 'paper' &&
        entropy.muLow === undefined &&
        entropy.muHigh === undefined
        ? `${clip} has no default bounds under preset paper; give entropy.muLow or entropy.muHigh in standard ` +
            'deviations (2 is a start, .inf leaves a side open), set entropy.target, or set entropy.preset: trinity'
        : undefined
    },
  },
  { path: 'entropy.method', reads: ['entropy.method'], check: ({ entropy }) => combinationProblem(entropy.method) },
  needsClip('muLow'),
  needsClip('muHigh'),
  needsClip('applyTo'),
  needsClip('maxFraction'),
  {
    path: 'entropy.target',
    reads: ['entropy.method', 'entropy.target'],
    check: (recipe) =>
      recipe.entropy.target !== undefined && !methodsOf(recipe).some(isClip)
        ? `is held by the bounds of a clip; set entropy.method: clip-v (or clip-b), or remove this key` +
          (methodsOf(recipe).includes('adaptive-entropy') ? ' (the bonus has its own: entropy.adaptive.target)' : '')
        : undefined,
  },
  ...(['muLow', 'muHigh'] as const).map(
    (key): Rule => ({
      path: `entropy.${key}`,
      reads: ['entropy.target', `entropy.${key}`],
      check: ({ entropy }) =>
        entropy.target !== undefined && entropy[key] !== undefined
          ? 'is chosen anew for every update where entropy.target is given; remove one of the two'
          : undefined,
    }),
  ),
  {
    path: 'entropy.preset',
    reads: ['entropy.target', 'entropy.preset'],
    check: ({ entropy }) =>
      entropy.target !== undefined && entropy.preset !== 'paper'
        ? `${entropy.preset} has bounds of its own; remove it, or entropy.target`
        : undefined,
  },
  ...(Object.keys(methodOfSection) as MethodSection[]).map(needsMethod),
  {
    path: 'algorithm.entropyCoef',
    reads: ['entropy.method', 'algorithm.entropyCoef'],
    check: (recipe) => {
      const { entropyCoef } = recipe.algorithm
      const names = methodsOf(recipe)
      if (names.includes('entropy-bonus') && entropyCoef === 0) {
        return 'is what entropy.method: entropy-bonus adds; give a coefficient (0.001 is usual)'
      }
      return names.includes('adaptive-entropy') && entropyCoef !== 0
        ? 'is set by entropy.method: adaptive-entropy; remove this key, or give entropy.adaptive.start'
        : undefined
    },
  },
  {
    path: 'entropy.adaptive',
    reads: ['entropy.adaptive'],
    check: ({ entropy: { adaptive } }) =>
      adaptive && !(adaptive.min <= adaptive.start && adaptive.start <= adaptive.max)
        ? `needs min <= start <= max (got ${adaptive.min}, ${adaptive.start}, ${adaptive.max})`
        : undefined,
  },
  {
    path: 'entropy.clipCov',
    reads: ['entropy.clipCov'],
    check: ({ entropy: { clipCov } }) =>
      clipCov && !(clipCov.low < clipCov.high) ? `needs low < high (got ${clipCov.low}, ${clipCov.high})` : undefined,
  },
  {
    path: 'entropy.statistics',
    reads: ['entropy.method', 'entropy.statistics'],
    check: (recipe) =>
      methodsOf(recipe).includes('gspo') && recipe.entropy.statistics === 'rollout'
        ? "must be current for gspo: a sequence's ratio needs the present policy's log-probabilities"
        : undefined,
  },
]

/** Methods that do nothing where r = 1. */
const needsRatio: EntropyMethodName[] = ['ppo-clip', 'dual-clip', 'cispo', 'gspo', 'kl-cov']

/** What is allowed but does less than its name says. */
export function entropyWarnings(recipe: Recipe): string[] {
  const warnings: string[] = []
  const names = methodsOf(recipe)
  const onRatio = names.filter((name) => needsRatio.includes(name))
  if (onRatio.length > 0 && recipe.train.updatesPerBatch * recipe.train.epochs === 1) {
    warnings.push(
      `entropy.method: ${onRatio.join(', ')} acts on the importance ratio, which is 1 on a batch's first update; with ` +
        'train.updatesPerBatch and train.epochs at 1 it changes nothing.',
    )
  }
  const { clipLow, clipHigh } = recipe.algorithm
  const other = replacesPpoClip(recipe.entropy.method)
  // The default is what nobody gave (and what a run's config.yaml repeats), and .inf says what is so anyway.
  const idle = Object.entries({ clipLow, clipHigh }).filter(([, value]) => value !== ppoBound && value !== Infinity)
  if (other !== undefined && idle.length > 0) {
    const keys = idle.map(([key]) => key)
    warnings.push(
      `${keys.map((key) => `algorithm.${key}`).join(', ')}: without effect under entropy.method ${other}, which leaves PPO's clip out; ` +
        `${other === 'kl-cov' ? 'name ppo-clip beside it to keep it' : `its own bounds are ${keys.map((key) => `entropy.${other}.${key}`).join(', ')}`}.`,
    )
  }
  if (names.includes('gspo') && recipe.algorithm.aggregation !== 'sequence') {
    warnings.push(
      `gspo is defined with algorithm.aggregation: sequence; with ${recipe.algorithm.aggregation} it is another objective.`,
    )
  }
  return warnings
}
