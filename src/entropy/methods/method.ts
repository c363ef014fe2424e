/**
 * What an entropy method declares. A method is one file that exports such an object; `index.ts` lists them, and
 * everything else folds over that list: the recipe's keys and checks, training, the plan, docs/methods.md, the atlas, the
 * benchmark, `reproduce`, and the contract tests.
 */
import type { z } from 'zod'
import type * as numbers from '../../base/numbers.js'
import type { ClipScore } from '../clip.js'
import type { ClipBounds } from './ppo-clip.js'
import type { Surrogate, SurrogateRule, SurrogateToken } from './surrogate.js'
import type { ControllerView, DrawKey, MethodEffect, MethodTokens } from './types.js'

/** What a check reads of the whole recipe; names and meanings are the recipe's. */
export interface RecipeView {
  entropy: { statistics: 'rollout' | 'current'; target?: unknown }
  algorithm: { name: string; advantage: string; aggregation: string; entropyCoef: number; importanceCap: number }
}

/** What no single key can tell. */
export interface RecipeCheck<Given> {
  /** The key that the message is about, dotted. */
  path: string
  /** Every key that the check looks at. */
  reads: string[]
  /** What is wrong and what to do, or undefined. `given`: the method's own options as the recipe has them. */
  check(given: Given | undefined, recipe: RecipeView): string | undefined
}

/**
 * What a schema is made of. A method gets it as an argument and imports none of it: the engine's threads load methods for
 * their surrogates, and zod would cost each thread 15 MB.
 */
export type SchemaKit = { z: typeof z } & typeof numbers

/** Options of one method, or of several that share them. */
export interface OptionGroup<
  Key extends string = string,
  Schema extends z.ZodObject = z.ZodObject,
  Flat extends boolean = boolean,
  Options = z.output<Schema>,
> {
  /** Key of the options in `MethodSettings`, and of their section in a recipe's `entropy`. */
  key: Key
  schema(kit: SchemaKit): Schema
  /** True: the keys stand in `entropy` itself, not in a section. */
  flat: Flat
  /** From what a recipe gives, defaults filled in, to what the method takes. */
  resolve(given: z.output<Schema>): Options
  /** Hold whether or not a method of the group is named. */
  checks: readonly RecipeCheck<z.output<Schema>>[]
  /** What the plan says of the options: a remark on the method's name, and settings by name. */
  plan?(given: z.output<Schema>): { detail?: string; settings: [name: string, value: number | string | undefined][] }
}

/** A section of a recipe's `entropy`. */
export const optionSection = <const Key extends string, Schema extends z.ZodObject>(
  key: Key,
  schema: (kit: SchemaKit) => Schema,
  checks: readonly RecipeCheck<z.output<Schema>>[] = [],
): OptionGroup<Key, Schema, false> => ({ key, schema, flat: false, resolve: (given) => given, checks })

/** A statistic of a token that a method may read. */
export type Statistic = 'advantage' | 'S' | 'expectedS' | 'entropy' | 'logprob' | 'rolloutLogprob' | 'rolloutEntropy'

/** What a method cannot do without. The contract tests hold every declaration true. */
export interface Needs {
  /** Arrays of the batch that the method reads; the rule on the ratio, which acts token by token, is not among them. */
  statistics: readonly Statistic[]
  /**
   * Moments of the whole distribution (S*, E[S], H). exact: the values themselves. bounds: intervals of them, as
   * `boundsFromTopK` gives, are enough (certainty.ts). Absent: none.
   */
  moments?: 'exact' | 'bounds'
  /** The importance ratio: where the policy is still the one that sampled, r = 1, the method changes nothing. */
  ratio?: true
  /** The rewards of each group of completions: the method changes how advantages follow from them, and nothing else. */
  rewards?: true
  /** An entropy bonus in the objective. */
  bonus?: true
  /** A KL term to the policy that sampled, with a coefficient for each token. */
  rolloutKl?: true
}

/** Methods that list the same exclusion cannot be combined. */
export interface Exclusion {
  because: string
  /** Names of further methods, which do not list it themselves. */
  with?: readonly string[]
}

/** What a method carries from step to step. The state is JSON and saved with every checkpoint. */
export interface Controller<Key extends string = string, Options = unknown, State = unknown> {
  /** Key of the state in the checkpoint. */
  key: Key
  /** A saved state is held against this schema before the run continues from it. */
  state(kit: SchemaKit): z.ZodType<State>
  /** Runs once per batch of rollouts, before its first update. `entropy`: that of the view. */
  next(state: State | undefined, entropy: number, options: Options, view: ControllerView): State
  /** The state for a batch that is looked at by itself: control at its strongest. */
  alone(entropy: number, options: Options, view: ControllerView): State
  /** Coefficient of the entropy bonus, in place of `algorithm.entropyCoef`. */
  entropyCoef?(state: State): number
  metrics?(state: State): Record<string, number>
}

export interface MethodContext extends DrawKey {
  /** 1 where the rule on the ratio stops the gradient, by the ratios known before the gradient pass. */
  stopped(): Uint8Array
  /** State of the method's controller. */
  state?: unknown
}

/** A row of the atlas. */
export interface AtlasVariant<Options> {
  name: string
  /** In place of the run's options, of PPO's bounds, or of the bonus's coefficient. */
  options?: Options
  ppo?: ClipBounds
  entropyCoef?: number
  /** True: a preset, listed after the rows of all methods. */
  last?: boolean
}

export interface AtlasView<Given, Options> {
  /** The run's options, or defaults. */
  options: Options
  /** As the run's recipe has them; undefined without a recipe. */
  given?: Given
  entropyCoef: number
  /** Width of a clip that has none, in standard deviations. */
  mu: number
}

// biome-ignore lint/suspicious/noExplicitAny: the base of all methods; each one's own types are in its file.
type Any = any
export type AnyGroup = OptionGroup<string, z.ZodObject, boolean, Any>

export interface EntropyMethod<
  Name extends string = string,
  Group extends AnyGroup = AnyGroup,
  Key extends string = string,
  State = Any,
> {
  /** What `entropy.method` takes. */
  name: Name
  /** What it does, one sentence without a full stop, Markdown. */
  summary: string
  /** Where the formula and the defaults come from, Markdown. */
  source: string
  options?: Group
  /** Keys outside of `entropy` that the method reads, for docs/methods.md. */
  reads?: string
  excludes?: readonly Exclusion[]
  needs: Needs

  /** True for the name that stands for no method. */
  empty?: true
  /**
   * What becomes of PPO's clip. replaces: the method has a rule of its own. keeps: PPO's clip acts, perhaps changed. drops: it
   * is left out, unless a method that keeps it is named too. Absent: the method has no opinion.
   */
  ppoClip?: 'replaces' | 'keeps' | 'drops'
  /** score: takes the gradient of tokens below and above bounds on a score. tokens: of tokens chosen otherwise. */
  masks?: 'score' | 'tokens'
  /** True: the choice is random, keyed by the step and the token's place in the batch. */
  draws?: true

  /**
   * The rule on the importance ratio; it is data, since it travels to the backend. `ppo`: the bounds of PPO's clip. `state`:
   * of the method's controller; absent where only the kind of the rule is asked for.
   */
  rule?(options: OptionsOf<Group>, ppo: ClipBounds, state?: State): SurrogateRule
  /** A surrogate that rules name in `SurrogateRule.surrogate`. */
  surrogate?: { name: string; of(token: SurrogateToken, rule: SurrogateRule): Surrogate }
  /** The importance ratio of every token, in place of its own. */
  ratio?(tokens: MethodTokens, options: OptionsOf<Group>): Float64Array
  /** What a group's rewards are compared with, in place of their mean (src/train/advantages.ts). */
  baseline?(rewards: readonly number[], options: OptionsOf<Group>): number
  /** What the method makes of the whole batch of an optimizer step. */
  effect?(tokens: MethodTokens, options: OptionsOf<Group>, context: MethodContext): MethodEffect
  controller?: Controller<Key, OptionsOf<Group>, State>
  /** A clip on a score, whose bounds can hold an entropy (`entropy.target`). */
  score?: ClipScore

  /** The aggregation with which its objective is the published one; absent: any. */
  aggregation?: 'sequence'
  /** Options with which it drives entropy to a level, in nats; absent where it has no level. */
  aim?(nats: number): Partial<GivenOf<Group>>

  /** Hold where the method is named. */
  checks?: readonly RecipeCheck<GivenOf<Group>>[]
  /** What is allowed but does less than the method's name says. */
  warnings?(recipe: RecipeView): string[]
  /** The least that a recipe gives beside the name. */
  example?: { entropy?: Partial<GivenOf<Group>>; algorithm?: { entropyCoef?: number } }
  /** Rows of the atlas. Absent: one of the method's name; none for an experiment. */
  atlas?(view: AtlasView<GivenOf<Group>, OptionsOf<Group>>): AtlasVariant<OptionsOf<Group>>[]
  /** For methods that exist to test a claim: how `reproduce` labels the run, and what it expects of entropy. */
  experiment?: { label: string; entropy: 'above' | 'below'; claim: 'masking' | 'sign' }
}

export type OptionsOf<Group> = Group extends OptionGroup<string, Any, boolean, infer Options> ? Options : undefined
type GivenOf<Group> = Group extends OptionGroup<string, infer Schema, boolean, Any> ? z.output<Schema> : undefined

/** Declares a method; its types stay as narrow as they are written. */
export const entropyMethod = <
  const Name extends string,
  Group extends AnyGroup = never,
  const Key extends string = never,
  State = never,
>(
  method: EntropyMethod<Name, Group, Key, State>,
): EntropyMethod<Name, Group, Key, State> => method
