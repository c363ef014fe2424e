/**
 * The list of methods as a recipe sees it: names, keys of the options, and what cannot be combined. Everything here is
 * folded from the methods' own declarations.
 */
import { z } from 'zod'
import * as numbers from '../../base/numbers.js'
import { methods as list } from './index.js'
import type { AnyGroup, Controller, EntropyMethod, Exclusion, OptionsOf, SchemaKit } from './method.js'

type Method = (typeof list)[number]
export type EntropyMethodName = Method['name']

const kit: SchemaKit = { z, ...numbers }

/** The methods, each with the types of any. */
export const methods: readonly EntropyMethod<EntropyMethodName>[] = list
export const entropyMethods = list.map(({ name }) => name) as [EntropyMethodName, ...EntropyMethodName[]]

type Group = NonNullable<Method['options']>
type GroupNamed<Key> = Extract<Group, { key: Key }>
/** The options of every method that has some, by the keys they have in a recipe's `entropy` (`clip`: the flat ones). */
export type MethodOptions = { [Key in Group['key']]: OptionsOf<GroupNamed<Key>> }

type SchemaOf<G extends AnyGroup> = ReturnType<G['schema']>
type Nested = Extract<Group, { flat: false }>
type Flat = Extract<Group, { flat: true }>
type NestedKeys = { [Key in Nested['key']]: z.ZodOptional<SchemaOf<Extract<Nested, { key: Key }>>> }
type FlatKeys = SchemaOf<Flat>['shape']

type ControllerOf<M> = M extends { controller?: Controller<infer Key, infer _, infer State> } ? [Key, State] : never
/** What the methods' controllers carry from step to step, by the keys that checkpoints have. */
export type MethodStates = {
  [Entry in ControllerOf<Exclude<Method, { controller?: undefined }>> as Entry[0]]?: Entry[1]
}

/** The schema of each of them, by its key. */
export const stateSchemas: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  methods.flatMap(({ controller }) => (controller ? [[controller.key, controller.state(kit)]] : [])),
)

/** Every group of options once, in the methods' order. */
export const optionGroups: readonly AnyGroup[] = [...new Set(list.flatMap(({ options }) => options ?? []))]

const schemas = new Map(optionGroups.map((group) => [group, group.schema(kit)]))
export const schemaOf = (group: AnyGroup): z.ZodObject => schemas.get(group)!

/** Keys of a recipe's `entropy` that stand in it directly. */
export const flatKeys = Object.assign(
  {},
  ...optionGroups.flatMap((group) => (group.flat ? schemaOf(group).shape : [])),
) as FlatKeys
/** Sections of a recipe's `entropy`; one that is left out has its defaults. */
export const methodSections = Object.fromEntries(
  optionGroups.flatMap((group) => (group.flat ? [] : [[group.key, schemaOf(group).optional()]])),
) as NestedKeys

type Given = Partial<z.output<z.ZodObject<NestedKeys>> & z.output<z.ZodObject<FlatKeys>>>

/** The options of a group as a recipe's `entropy` has them; undefined for a section that is left out. */
export function givenOptions(group: AnyGroup, entropy: object): Record<string, unknown> | undefined {
  const values = entropy as Record<string, unknown>
  if (!group.flat) return values[group.key] as Record<string, unknown> | undefined
  return Object.fromEntries(Object.keys(schemaOf(group).shape).map((name) => [name, values[name]]))
}

/** The given options, and the defaults of those left out. */
export function methodOptions(given: Given = {}): MethodOptions {
  return Object.fromEntries(
    optionGroups.map((group) => {
      const own = givenOptions(group, given)
      const complete = own === undefined || group.flat ? schemaOf(group).parse(own ?? {}) : own
      return [group.key, group.resolve(complete) as unknown]
    }),
  ) as unknown as MethodOptions
}

/** Names of the methods that read the options of a group. */
export const methodsOfGroup = (group: AnyGroup): EntropyMethodName[] =>
  methods.filter(({ options }) => options === group).map(({ name }) => name)

type MethodNames = EntropyMethodName | readonly EntropyMethodName[]

/** `entropy.method` as a list; empty for none. */
export const methodList = (method: MethodNames): EntropyMethodName[] => namedMethods(method).map(({ name }) => name)

const byName = new Map(methods.map((method) => [method.name, method]))

/** The methods that `entropy.method` names, in its order; empty for none. */
export function namedMethods(method: MethodNames): EntropyMethod<EntropyMethodName>[] {
  const names = typeof method === 'string' ? [method] : method
  return names.map((name) => byName.get(name)!).filter(({ empty }) => !empty)
}

/** The method by which PPO's clip, with algorithm.clipLow and clipHigh, is left out; undefined where it acts. */
export function replacesPpoClip(method: MethodNames): EntropyMethod<EntropyMethodName> | undefined {
  const named = namedMethods(method)
  const that = (what: EntropyMethod['ppoClip']) => named.find(({ ppoClip }) => ppoClip === what)
  return that('replaces') ?? (that('keeps') ? undefined : that('drops'))
}

/** Why these methods cannot be combined, and what to do; undefined where they can. */
export function combinationProblem(method: MethodNames): string | undefined {
  if (typeof method === 'string') return undefined
  const twice = method.find((name, i) => method.indexOf(name) !== i)
  if (twice !== undefined) return `names ${twice} twice; name it once`
  const none = method.find((name) => byName.get(name)!.empty)
  if (none !== undefined) {
    return method.length === 1
      ? `is a list of ${none}; write \`method: ${none}\``
      : `combines ${none} with others; remove ${none}`
  }
  for (const exclusion of exclusions) {
    const found = entropyMethods.filter((name) => method.includes(name) && isUnder(name, exclusion))
    if (found.length > 1) return `combines ${found.join(' and ')}, but ${exclusion.because}; keep one of them`
  }
  return undefined
}

const exclusions: readonly Exclusion[] = [...new Set(methods.flatMap(({ excludes = [] }) => excludes))]

const isUnder = (name: EntropyMethodName, exclusion: Exclusion): boolean =>
  byName.get(name)!.excludes?.includes(exclusion) === true || exclusion.with?.includes(name) === true
