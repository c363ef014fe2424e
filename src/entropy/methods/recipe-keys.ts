/**
 * The names of the methods that `entropy.method` takes, the options of each, and which of them go together. What a
 * method does and where its defaults come from is told in src/entropy/methods, a file each.
 */
import { z } from 'zod'
import { bound } from '../../base/numbers.js'

export const entropyMethods = [
  'none',
  'ppo-clip',
  'dual-clip',
  'cispo',
  'gspo',
  'entropy-bonus',
  'adaptive-entropy',
  'high-entropy',
  'prob-weight',
  'clip-cov',
  'kl-cov',
  'clip-b',
  'clip-v',
  'mask-lowering',
  'mask-raising',
  'only-positive-likely',
  'only-positive-unlikely',
  'only-negative-likely',
  'only-negative-unlikely',
] as const
export type EntropyMethodName = (typeof entropyMethods)[number]

/** PPO's own bound (arXiv 1707.06347): the default of algorithm.clipLow and algorithm.clipHigh. */
export const ppoBound = 0.2

const share = z.number().gt(0).max(1)

const sections = {
  dualClip: z
    .strictObject({
      c: z.number().gt(1).default(3).describe('No gradient where r > c and A < 0.'),
    })
    .describe('Options of dual-clip (arXiv 1912.09729).'),
  cispo: z
    .strictObject({
      clipLow: bound.prefault(Infinity).describe("The weight's lower bound is 1 - clipLow. .inf: none (MiniMax-M1)."),
      clipHigh: bound
        .prefault(4)
        .describe("The weight's upper bound is 1 + clipHigh; 4 is ScaleRL's bound of 5 (arXiv 2510.13786)."),
    })
    .describe('Options of cispo (MiniMax-M1, arXiv 2506.13585).'),
  gspo: z
    .strictObject({
      clipLow: bound.prefault(3e-4).describe("The sequence's ratio is bounded below by 1 - clipLow."),
      clipHigh: bound.prefault(4e-4).describe("The sequence's ratio is bounded above by 1 + clipHigh."),
    })
    .describe('Options of gspo (arXiv 2507.18071, section 5.1).'),
  adaptive: z
    .strictObject({
      target: z
        .number()
        .min(0)
        .default(0.2)
        .describe('Entropy, in nats per token, at or below which the bonus acts (0.2: Skywork-OR1).'),
      delta: z.number().gt(0).default(1e-4).describe("The coefficient's change per step."),
      start: z.number().min(0).default(0).describe('The coefficient of the first step.'),
      min: z.number().min(0).default(0).describe('Smallest coefficient.'),
      max: z.number().gt(0).default(0.005).describe('Largest coefficient.'),
    })
    .describe('Options of adaptive-entropy (Skywork-OR1, arXiv 2505.22312).'),
  highEntropy: z
    .strictObject({
      share: share.default(0.2).describe("Share of the batch's policy tokens that keep their gradient."),
    })
    .describe('Options of high-entropy (arXiv 2506.01939).'),
  probWeight: z
    .strictObject({
      alpha: z
        .number()
        .min(0)
        .max(1)
        .default(0.2)
        .describe("Advantages are multiplied by alpha p + 1 - alpha; 0.2 is the authors' script's."),
    })
    .describe('Options of prob-weight (arXiv 2505.12929).'),
  clipCov: z
    .strictObject({
      share: share.default(2e-4).describe('Largest share of the policy tokens that is dropped.'),
      low: z.number().default(1).describe('Lower bound of the covariances that may be drawn.'),
      high: bound.prefault(5).describe('Upper bound of the covariances that may be drawn.'),
    })
    .describe('Options of clip-cov (arXiv 2505.22617).'),
  klCov: z
    .strictObject({
      share: share
        .default(2e-4)
        .describe('Share of the policy tokens, those of largest covariance, that get the term.'),
      coef: z.number().gt(0).default(1).describe("The KL term's coefficient."),
    })
    .describe('Options of kl-cov (arXiv 2505.22617).'),
}

/** The options of every method that has some, by the keys they have in a recipe's `entropy`. */
export type MethodOptions = { [K in keyof typeof sections]: z.output<(typeof sections)[K]> }
export type MethodSection = keyof typeof sections

/** Keys of a recipe's `entropy`; a section that is left out has its defaults. */
export const methodSections = {
  dualClip: sections.dualClip.optional(),
  cispo: sections.cispo.optional(),
  gspo: sections.gspo.optional(),
  adaptive: sections.adaptive.optional(),
  highEntropy: sections.highEntropy.optional(),
  probWeight: sections.probWeight.optional(),
  clipCov: sections.clipCov.optional(),
  klCov: sections.klCov.optional(),
}

/** The method that reads each section. */
export const methodOfSection = {
  dualClip: 'dual-clip',
  cispo: 'cispo',
  gspo: 'gspo',
  adaptive: 'adaptive-entropy',
  highEntropy: 'high-entropy',
  probWeight: 'prob-weight',
  clipCov: 'clip-cov',
  klCov: 'kl-cov',
} as const satisfies Record<MethodSection, EntropyMethodName>

/** The given sections, and the defaults of those left out. */
export function methodOptions(given: Partial<MethodOptions> = {}): MethodOptions {
  return {
    dualClip: given.dualClip ?? sections.dualClip.parse({}),
    cispo: given.cispo ?? sections.cispo.parse({}),
    gspo: given.gspo ?? sections.gspo.parse({}),
    adaptive: given.adaptive ?? sections.adaptive.parse({}),
    highEntropy: given.highEntropy ?? sections.highEntropy.parse({}),
    probWeight: given.probWeight ?? sections.probWeight.parse({}),
    clipCov: given.clipCov ?? sections.clipCov.parse({}),
    klCov: given.klCov ?? sections.klCov.parse({}),
  }
}

/** The method by which PPO's clip, with algorithm.clipLow and clipHigh, is left out; undefined where it acts. */
export function replacesPpoClip(
  method: EntropyMethodName | readonly EntropyMethodName[],
): EntropyMethodName | undefined {
  const names = methodList(method)
  const other = names.find((name) => name === 'cispo' || name === 'gspo')
  if (other !== undefined) return other
  return names.includes('ppo-clip') || names.includes('dual-clip') ? undefined : names.find((name) => name === 'kl-cov')
}

/** `entropy.method` as a list; empty for none. */
export function methodList(method: EntropyMethodName | readonly EntropyMethodName[]): EntropyMethodName[] {
  const names = typeof method === 'string' ? [method] : [...method]
  return names.filter((name) => name !== 'none')
}

const clips: readonly EntropyMethodName[] = ['clip-b', 'clip-v']
/** Methods that mask by a score, with tokens below and above a bound. */
export const masksByScore = (name: EntropyMethodName): boolean =>
  clips.includes(name) || name.startsWith('mask-') || name.startsWith('only-')
/** Methods that take the gradient from some tokens. */
export const masksGradient = (name: EntropyMethodName): boolean =>
  masksByScore(name) || name === 'high-entropy' || name === 'clip-cov'

/** Methods that exclude each other, and why. */
const exclusive: { names: EntropyMethodName[]; because: string }[] = [
  {
    names: ['ppo-clip', 'cispo', 'gspo'],
    because: 'each says what becomes of the importance ratio, and only one can',
  },
  {
    names: ['dual-clip', 'cispo', 'gspo'],
    because: "dual-clip bounds PPO's clipped surrogate, which the other replaces",
  },
  { names: ['clip-b', 'clip-v'], because: 'both read muLow, muHigh, applyTo and maxFraction, in different units' },
  { names: ['clip-cov', 'kl-cov'], because: 'they are two treatments of the same tokens' },
  { names: ['entropy-bonus', 'adaptive-entropy'], because: 'both set the coefficient of the entropy bonus' },
]

/** Why these methods cannot be combined, and what to do; undefined where they can. */
export function combinationProblem(method: EntropyMethodName | readonly EntropyMethodName[]): string | undefined {
  if (typeof method === 'string') return undefined
  const twice = method.find((name, i) => method.indexOf(name) !== i)
  if (twice !== undefined) return `names ${twice} twice; name it once`
  if (method.includes('none')) {
    return method.length === 1 ? 'is a list of none; write `method: none`' : 'combines none with others; remove none'
  }
  for (const { names, because } of exclusive) {
    const found = names.filter((name) => method.includes(name))
    if (found.length > 1) return `combines ${found.join(' and ')}, but ${because}; keep one of them`
  }
  return undefined
}
