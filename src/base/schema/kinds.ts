/**
 * Things that a recipe chooses by `kind`, each with keys of its own: backends, samplers. A section of the recipe folds
 * over the list of them; which keys it takes, and what its errors and its documentation say, follows from the list.
 */
import { z } from 'zod'

export interface Kind<Name extends string = string, Options extends z.ZodRawShape = z.ZodRawShape> {
  readonly kind: Name
  /** One sentence, for the list of kinds. */
  readonly summary: string
  /** Its keys in the section, beside `kind`. */
  readonly options: Options
  /** Those of its keys that may differ when a run is resumed: they decide where it computes, not what. */
  readonly changeable?: readonly (keyof Options & string)[]
}

/** The keys of a kind, with their defaults. */
export type OptionsOf<K> = K extends Kind<string, infer Options> ? z.output<z.ZodObject<Options>> : never

type SchemaOf<K> =
  K extends Kind<infer Name, infer Options>
    ? z.ZodObject<{ kind: z.ZodLiteral<Name> } & Options, z.core.$strict>
    : never

/** What a section of these kinds holds. */
export type SectionOf<K> = K extends Kind ? z.output<SchemaOf<K>> : never

/** What a user writes there. */
export type SectionInputOf<K> = K extends Kind ? z.input<SchemaOf<K>> : never

/** The first kind is the default: a recipe without the section means it. */
export type Kinds<K extends Kind = Kind> = readonly [K, ...K[]]

export function sectionOf<const List extends Kinds>(
  kinds: List,
): z.ZodType<SectionOf<List[number]>, SectionInputOf<List[number]>> {
  const description = kinds
    .map(({ kind, summary }, index) => `${kind}${index === 0 ? ' (default)' : ''}: ${summary}`)
    .join(' ')
  const [first, ...others] = kinds.map(({ kind, options }) =>
    z.strictObject({ kind: z.literal(kind).describe(description), ...options }),
  )
  return z.discriminatedUnion('kind', [first!, ...others]) as unknown as z.ZodType<
    SectionOf<List[number]>,
    SectionInputOf<List[number]>
  >
}

/**
 * The kind that a section names; the first if a recipe has none. K is what all kinds of the list have in common: which keys a
 * kind takes is known to the section alone, whose options ({@link optionsIn}) the kind's functions are to be given.
 */
export function kindOf<K extends Kind>(kinds: Kinds, section: { kind: string } | undefined): K {
  const found = section === undefined ? kinds[0] : kinds.find(({ kind }) => kind === section.kind)
  if (found === undefined) throw new Error(`there is no kind ${section?.kind}`)
  return found as K
}

/** The section without its `kind`. */
export function optionsIn<K extends Kind>(section: { kind: string } | undefined): OptionsOf<K> {
  const { kind: _, ...options } = section ?? { kind: '' }
  return options as OptionsOf<K>
}
