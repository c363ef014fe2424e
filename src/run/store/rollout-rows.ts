/** Reads rollouts/step-NNNNNN.parquet back: a completion each, its per-token statistics as arrays. */
import { existsSync, statSync } from 'node:fs'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet'
import { UserError } from '../../base/errors.js'
import { pairedExpectation } from '../../entropy/score-pair.js'
import type { FinishReason } from '../../rollout/types.js'

export interface RolloutRow {
  step: number
  promptId: string
  sample: number
  /** What people read of the prompt. */
  prompt: string
  /** Its ids; absent in files of older runs. */
  promptTokens?: Int32Array
  /** The sampled text, cut where a stop string appeared, without special tokens. */
  completion?: string
  tokens: Int32Array
  reward: number
  /** A of every token. */
  advantage: Float64Array
  /** log p of the sampler, nats. */
  logprob: Float64Array
  entropy: Float64Array
  S: Float64Array
  expectedS: Float64Array
  /** Absent in files of older runs. */
  sumS2?: Float64Array
  /** True where the gradient flowed in the step's first update. */
  gradMask: boolean[]
  /** How the completion ended: by itself, or cut at its largest length. Absent in files of older runs. */
  finish?: FinishReason
  /** Whether a critic valued the tokens, which it does where they are the policy's; absent in runs without one. */
  valued?: boolean
}

const required = ['step', 'prompt_id', 'sample', 'prompt', 'tokens', 'reward', 'advantage', 'logprob', 'entropy', 's']
const optional = ['completion', 'advantages', 'sum_s2', 'prompt_tokens', 'expected_s', 'grad_mask', 'finish', 'value']

type Cell = number | string | boolean | ArrayLike<number> | ArrayLike<boolean> | null | undefined

/**
 * The completions of one rollout file, in the file's order.
 * @throws {UserError} for a file that is missing, no Parquet, without the columns of a rollout file, or with lists of
 *   unequal lengths or values that are not finite.
 */
export async function readRolloutRows(path: string): Promise<RolloutRow[]> {
  if (!existsSync(path)) throw new UserError(`${path}: no such file`)
  if (statSync(path).isDirectory()) throw new UserError(`${path}: is a directory, not a rollout file`)
  const objects = await readObjects(path)
  return objects.map((object, index) => rowOf(object, `${path}, row ${index + 1}`))
}

async function readObjects(path: string): Promise<Record<string, Cell>[]> {
  try {
    const file = await asyncBufferFromFile(path)
    const metadata = await parquetMetadataAsync(file)
    const names = parquetSchema(metadata).children.map(({ element }) => element.name)
    const missing = [...required, 'expected_s'].filter((name) => !names.includes(name))
    if (missing.length > 0) {
      throw new UserError(`${path}: is no rollout file, it has no column ${missing.join(', ')}`, {
        hint: "give a file of a run's rollouts/ directory",
      })
    }
    const columns = [...required, ...optional].filter((name) => names.includes(name))
    return (await parquetReadObjects({ file, metadata, columns })) as Record<string, Cell>[]
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`${path}: cannot be read as Parquet (${(error as Error).message})`, { cause: error })
  }
}

function rowOf(object: Record<string, Cell>, where: string): RolloutRow {
  const tokens = Int32Array.from(object.tokens as ArrayLike<number>)
  const perToken = (name: string): Float64Array => {
    const values = Float64Array.from(object[name] as ArrayLike<number>)
    if (values.length !== tokens.length) {
      throw new UserError(`${where}: ${name} has ${values.length} entries, tokens ${tokens.length}`)
    }
    const wrong = values.findIndex((value) => !Number.isFinite(value))
    if (wrong !== -1) throw new UserError(`${where}: ${name} of token ${wrong} is ${values[wrong]}`)
    return values
  }
  const promptTokens = Int32Array.from((object.prompt_tokens ?? []) as ArrayLike<number>)
  const logprob = perToken('logprob')
  const S = perToken('s')
  return {
    step: object.step as number,
    promptId: object.prompt_id as string,
    sample: object.sample as number,
    prompt: object.prompt as string,
    ...(promptTokens.length > 0 ? { promptTokens } : {}),
    ...(typeof object.completion === 'string' ? { completion: object.completion } : {}),
    tokens,
    reward: object.reward as number,
    advantage: object.advantages
      ? policyAdvantages(object.advantages as ArrayLike<number>, tokens.length, where)
      : new Float64Array(tokens.length).fill(object.advantage as number),
    logprob,
    entropy: perToken('entropy'),
    S,
    expectedS: withSigns(perToken('expected_s'), S, logprob),
    ...(object.sum_s2 ? { sumS2: perToken('sum_s2') } : {}),
    gradMask: Array.from((object.grad_mask ?? []) as ArrayLike<boolean>),
    ...(object.finish === 'stop' || object.finish === 'length' ? { finish: object.finish } : {}),
    ...(object.value ? { valued: Array.from(object.value as ArrayLike<number>).some((V) => !Number.isNaN(V)) } : {}),
  }
}

/**
 * Files of older runs have S* = E[S] if 1 - p is below 1e-7. Such a token is the likeliest one, whose centered score is
 * above 0 unless the distribution is one-hot. The pair gets that sign back, as newer runs record it.
 */
const withSigns = (expectedS: Float64Array, S: Float64Array, logprob: Float64Array): Float64Array =>
  expectedS.map((value, t) => {
    const nearlyCertain = logprob[t] <= 0 && logprob[t] > -1e-6
    return nearlyCertain && value === S[t] ? pairedExpectation(value, value, 1) : value
  })

/** A critic's advantages are not a number where the tokens are not the policy's: nothing is learnt there. */
function policyAdvantages(values: ArrayLike<number>, length: number, where: string): Float64Array {
  if (values.length !== length)
    throw new UserError(`${where}: advantages has ${values.length} entries, tokens ${length}`)
  return Float64Array.from(values, (value) => (Number.isNaN(value) ? 0 : value))
}
