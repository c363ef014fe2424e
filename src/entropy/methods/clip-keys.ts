/** The options that clip-b and clip-v share. Their keys stand in `entropy` itself. */
import type { z } from 'zod'
import { applyToNames, type ClipOptions, clipPresets } from '../clip-options.js'
import type { OptionGroup, RecipeCheck, SchemaKit } from './method.js'

const schema = ({ z, bound, fraction }: SchemaKit) =>
  z.strictObject({
    preset: z
      .enum(clipPresets)
      .default('paper')
      .describe(
        "paper: both sides and all tokens. You must set muLow or muHigh. trinity: the authors' released code, " +
          'with only tokens with A < 0 and the lower side (clip-b: muLow 2.5; clip-v: muLow 8.5 and at most 1e-4 ' +
          'of the policy tokens).',
      ),
    muLow: bound
      .optional()
      .describe("Lower bound, in standard deviations of the method's score. Default with paper: .inf (open)."),
    muHigh: bound
      .optional()
      .describe("Upper bound, in standard deviations of the method's score. Default: .inf (open)."),
    applyTo: z
      .enum(applyToNames)
      .optional()
      .describe('Sign of the advantages whose tokens may be masked. Default: all with paper, negative with trinity.'),
    maxFraction: fraction
      .optional()
      .describe("Largest share of the eligible tokens that may be masked, the farthest first. Default: the preset's."),
  })
type ClipSchema = ReturnType<typeof schema>
type ClipKeys = z.output<ClipSchema>

const whereTheTargetChooses = (['muLow', 'muHigh'] as const).map(
  (key): RecipeCheck<ClipKeys> => ({
    path: `entropy.${key}`,
    reads: ['entropy.target', `entropy.${key}`],
    check: (given, { entropy }) =>
      entropy.target !== undefined && given?.[key] !== undefined
        ? 'is chosen anew for every update where entropy.target is given; remove one of the two'
        : undefined,
  }),
)

/** A bound that a recipe leaves out is open. */
export const clipKeys: OptionGroup<'clip', ClipSchema, true, ClipOptions> = {
  key: 'clip',
  schema,
  flat: true,
  resolve: (given) => {
    const open = given.preset === 'paper' ? Number.POSITIVE_INFINITY : undefined
    return { ...given, muLow: given.muLow ?? open, muHigh: given.muHigh ?? open }
  },
  checks: [
    ...whereTheTargetChooses,
    {
      path: 'entropy.preset',
      reads: ['entropy.target', 'entropy.preset'],
      check: (given, { entropy }) =>
        entropy.target !== undefined && given !== undefined && given.preset !== 'paper'
          ? `${given.preset} has bounds of its own; remove it, or entropy.target`
          : undefined,
    },
  ],
  plan: ({ preset, muLow, muHigh, applyTo, maxFraction }) => ({
    detail: `preset ${preset}`,
    settings: [
      ['muLow', muLow],
      ['muHigh', muHigh],
      ['on tokens:', applyTo],
      ['maxFraction', maxFraction],
    ],
  }),
}

/** Under preset paper a clip has no bounds of its own, so one must be given or a target must choose them. */
export const needsBounds = (name: string): RecipeCheck<ClipKeys> => ({
  path: 'entropy.method',
  reads: ['entropy.preset', 'entropy.muLow', 'entropy.muHigh', 'entropy.target'],
  check: (given, { entropy }) =>
    entropy.target === undefined && given?.preset === 'paper' && given.muLow === undefined && given.muHigh === undefined
      ? `${name} has no default bounds under preset paper; give entropy.muLow or entropy.muHigh in standard ` +
        'deviations (2 is a start, .inf leaves a side open), set entropy.target, or set entropy.preset: trinity'
      : undefined,
})

/** A clip's rows of the atlas: the run's bounds, or `mu` on both sides, and the authors' preset. */
export function clipRows(name: string, { given, mu }: { given?: ClipKeys; mu: number }) {
  const { muLow, muHigh, applyTo, maxFraction } = given ?? {}
  const named = muLow !== undefined || muHigh !== undefined
  const low = named ? (muLow ?? Number.POSITIVE_INFINITY) : mu
  const high = named ? (muHigh ?? Number.POSITIVE_INFINITY) : mu
  const text = (value: number) => (value === Number.POSITIVE_INFINITY ? 'open' : String(value))
  const width = low === high ? `mu ${text(low)}` : `mu ${text(low)}, ${text(high)}`
  return [
    { name: `${name} ${width}`, options: { preset: 'paper', muLow: low, muHigh: high, applyTo, maxFraction } as const },
    { name: `${name} trinity`, options: { preset: 'trinity' } as const, last: true },
  ]
}
