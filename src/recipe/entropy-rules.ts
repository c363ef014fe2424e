/**
 * How the keys of a recipe's `entropy` stand to each other and to the rest: what holds for every method, and what the
 * methods declare for themselves (src/entropy/methods).
 */
import { z } from 'zod'
import type { AnyGroup, EntropyMethod, RecipeCheck } from '../entropy/methods/method.js'
import { ppoBound } from '../entropy/methods/ppo-clip.js'
import {
  combinationProblem,
  givenOptions,
  methods,
  methodsOfGroup,
  namedMethods,
  optionGroups,
  replacesPpoClip,
  schemaOf,
} from '../entropy/methods/recipe-keys.js'
import type { Rule } from './rules.js'
import type { Recipe } from './schema.js'

const namedIn = (recipe: Recipe) => namedMethods(recipe.entropy.method)
const isNamed = (method: EntropyMethod, recipe: Recipe) =>
  namedIn(recipe).some(({ name }) => name === method.name) && combinationProblem(recipe.entropy.method) === undefined
const methodText = ({ entropy: { method } }: Recipe) => (typeof method === 'string' ? method : method.join(' with '))
const uses = (recipe: Recipe, group: AnyGroup) => namedIn(recipe).some(({ options }) => options === group)

/** An option that is given although no method reads it. */
const needsMethod = (group: AnyGroup, key: string, what: 'key' | 'section'): Rule => ({
  path: `entropy.${key}`,
  reads: ['entropy.method', `entropy.${key}`],
  check: (recipe) =>
    (recipe.entropy as Record<string, unknown>)[key] !== undefined && !uses(recipe, group)
      ? `has no effect while entropy.method is ${methodText(recipe)}; set entropy.method: ` +
        `${methodsOfGroup(group).join(' or ')}, or remove this ${what}`
      : undefined,
})

/** A key with a default is always there, so its presence says nothing. */
const unused = [
  ...optionGroups.flatMap((group) =>
    Object.entries(group.flat ? schemaOf(group).shape : {}).flatMap(([key, type]) =>
      type instanceof z.ZodOptional ? needsMethod(group, key, 'key') : [],
    ),
  ),
  ...optionGroups.flatMap((group) => (group.flat ? [] : needsMethod(group, group.key, 'section'))),
]

const ruleOf = <Given>({ path, reads, check }: RecipeCheck<Given>, group: AnyGroup | undefined): Rule => ({
  path,
  reads,
  check: (recipe) => check(group && (givenOptions(group, recipe.entropy) as Given), recipe),
})

/** A method's own checks hold where it is named, and may be: which of two excluded methods stays is the first question. */
const ofMethods = methods.flatMap((method) =>
  (method.checks ?? []).map((own): Rule => {
    const rule = ruleOf(own, method.options)
    return {
      ...rule,
      reads: ['entropy.method', ...own.reads],
      check: (recipe) => (isNamed(method, recipe) ? rule.check(recipe) : undefined),
    }
  }),
)

const targetRule: Rule = {
  path: 'entropy.target',
  reads: ['entropy.method', 'entropy.target'],
  check: (recipe) => {
    const named = namedIn(recipe)
    if (recipe.entropy.target === undefined || named.some(({ score }) => score)) return undefined
    const [last, ...others] = methods.filter(({ score }) => score).reverse()
    const own = named.find(({ controller, options }) => controller && options && 'target' in schemaOf(options).shape)
    return (
      `is held by the bounds of a clip; set entropy.method: ${last.name} (or ${others.map(({ name }) => name).join(', ')}), ` +
      `or remove this key${own ? ` (${own.name} has its own: entropy.${own.options!.key}.target)` : ''}`
    )
  },
}

export const entropyRules: Rule[] = [
  { path: 'entropy.method', reads: ['entropy.method'], check: ({ entropy }) => combinationProblem(entropy.method) },
  ...unused,
  targetRule,
  ...optionGroups.flatMap((group) => group.checks.map((check) => ruleOf(check, group))),
  ...ofMethods,
]

/** What is allowed but does less than its name says. */
export function entropyWarnings(recipe: Recipe): string[] {
  const named = namedIn(recipe)
  return [
    ...idleRatio(recipe),
    ...idleBounds(recipe),
    ...otherAggregation(recipe),
    ...named.flatMap(({ warnings }) => warnings?.(recipe) ?? []),
  ]
}

function idleRatio(recipe: Recipe): string[] {
  const onRatio = namedIn(recipe).filter(({ needs }) => needs.ratio)
  if (onRatio.length === 0 || recipe.train.updatesPerBatch * recipe.train.epochs > 1) return []
  const ofEntropies = ({ needs }: EntropyMethod) => needs.statistics.includes('rolloutEntropy')
  const idle = (methods: readonly EntropyMethod[], ratio: string) =>
    methods.length === 0
      ? []
      : [
          `entropy.method: ${methods.map(({ name }) => name).join(', ')} acts on the ${ratio}, which is 1 on a batch's ` +
            'first update; with train.updatesPerBatch and train.epochs at 1 it changes nothing.',
        ]
  return [
    ...idle(
      onRatio.filter((method) => !ofEntropies(method)),
      'importance ratio',
    ),
    ...idle(onRatio.filter(ofEntropies), 'ratio of entropies'),
  ]
}

function otherAggregation(recipe: Recipe): string[] {
  const given = recipe.algorithm.aggregation
  return namedIn(recipe).flatMap(({ name, aggregation }) =>
    aggregation === undefined || aggregation === given
      ? []
      : `${name} is defined with algorithm.aggregation: ${aggregation}; with ${given} it is another objective.`,
  )
}

function idleBounds(recipe: Recipe): string[] {
  const { clipLow, clipHigh } = recipe.algorithm
  const other = replacesPpoClip(recipe.entropy.method)
  // The default is what nobody gave (and what a run's config.yaml repeats), and .inf says what is so anyway.
  const idle = Object.entries({ clipLow, clipHigh }).filter(([, value]) => value !== ppoBound && value !== Infinity)
  if (other === undefined || idle.length === 0) return []
  const keys = idle.map(([key]) => key)
  const section = other.options
  const own = keys.filter((key) => section && key in schemaOf(section).shape)
  const instead =
    other.ppoClip === 'drops'
      ? '; name ppo-clip beside it to keep it'
      : own.length > 0
        ? `; its own bounds are ${own.map((key) => `entropy.${section!.key}.${key}`).join(', ')}`
        : ''
  return [
    `${keys.map((key) => `algorithm.${key}`).join(', ')}: without effect under entropy.method ${other.name}, which leaves ` +
      `PPO's clip out${instead}.`,
  ]
}
