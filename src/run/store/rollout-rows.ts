/** Reads rollouts/step-NNNNNN.parquet back: a completion each, its per-token statistics as arrays. */
import { statSync } from 'node:fs'
import { UserError } from '../../base/errors.js'
import { pairedExpectation } from '../../entropy/score-pair.js'
import type { FinishReason } from '../../rollout/types.js'
import { openParquet, type ParquetRow } from './parquet-rows.js'

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

/**
 * The completions of one rollout file, in the file's order.
 * @throws {UserError} for a file that is missing, no Parquet, without the columns of a rollout file, or with a value of
 *   another type, lists of unequal lengths or values that are not finite.
 */
export async function readRolloutRows(path: string): Promise<RolloutRow[]> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(`${path}: is a directory, not a rollout file`)
  }
  const file = await openParquet(path)
  const missing = [...required, 'expected_s'].filter((name) => !file.columns.includes(name))
  if (missing.length > 0) {
    throw new UserError(`${path}: is no rollout file, it has no column ${missing.join(', ')}`, {
      hint: "give a file of a run's rollouts/ directory",
    })
  }
  const rows = await file.rows([...required, ...optional].filter((name) => file.columns.includes(name)))
  return rows.map((row, index) => rowOf(row, `${path}, row ${index + 1}`))
}

function rowOf(row: ParquetRow, where: string): RolloutRow {
  const wrong = (name: string, kind: string) => new UserError(`${where}: ${name} is ${shown(row[name])}, not ${kind}`)
  const number = (name: string): number => {
    const value = row[name]
    if (typeof value !== 'number') throw wrong(name, 'a number')
    return value
  }
  const text = (name: string): string => {
    const value = row[name]
    if (typeof value !== 'string') throw wrong(name, 'text')
    return value
  }
  const list = (name: string): unknown[] => {
    const value = row[name]
    if (!Array.isArray(value)) throw wrong(name, 'a list')
    return value
  }
  const numbers = (name: string): number[] => {
    const values = list(name)
    const at = values.findIndex((value) => typeof value !== 'number')
    if (at !== -1) throw new UserError(`${where}: ${name} of token ${at} is ${shown(values[at])}, not a number`)
    return values as number[]
  }
  const ids = (name: string): Int32Array => {
    const values = numbers(name)
    const at = values.findIndex((value) => value !== value >>> 0 || value > 0x7fffffff)
    if (at !== -1) throw new UserError(`${where}: ${name} has ${values[at]}, which is no token id`)
    return Int32Array.from(values)
  }
  const tokens = ids('tokens')
  const perToken = (name: string): Float64Array => {
    const values = Float64Array.from(numbers(name))
    if (values.length !== tokens.length) {
      throw new UserError(`${where}: ${name} has ${values.length} entries, tokens ${tokens.length}`)
    }
    const wrong = values.findIndex((value) => !Number.isFinite(value))
    if (wrong !== -1) throw new UserError(`${where}: ${name} of token ${wrong} is ${values[wrong]}`)
    return values
  }
  const has = (name: string) => row[name] !== null && row[name] !== undefined
  const promptTokens = has('prompt_tokens') ? ids('prompt_tokens') : new Int32Array()
  const logprob = perToken('logprob')
  const S = perToken('s')
  return {
    step: number('step'),
    promptId: text('prompt_id'),
    sample: number('sample'),
    prompt: text('prompt'),
    ...(promptTokens.length > 0 ? { promptTokens } : {}),
    ...(has('completion') ? { completion: text('completion') } : {}),
    tokens,
    reward: number('reward'),
    advantage: has('advantages')
      ? policyAdvantages(numbers('advantages'), tokens.length, where)
      : new Float64Array(tokens.length).fill(trainable(number('advantage'))),
    logprob,
    entropy: perToken('entropy'),
    S,
    expectedS: withSigns(perToken('expected_s'), S, logprob),
    ...(has('sum_s2') ? { sumS2: perToken('sum_s2') } : {}),
    gradMask: has('grad_mask') ? list('grad_mask').map(Boolean) : [],
    ...(row.finish === 'stop' || row.finish === 'length' ? { finish: row.finish } : {}),
    ...(has('value') ? { valued: numbers('value').some((V) => !Number.isNaN(V)) } : {}),
  }
}

const shown = (value: unknown): string =>
  value === null || value === undefined ? 'missing' : String(value).slice(0, 60)

/**
 * Files of older runs have S* = E[S] if 1 - p is below 1e-7. Such a token is the likeliest one, whose centered score is
 * above 0 unless the distribution is one-hot. The pair gets that sign back, as newer runs record it.
 */
const withSigns = (expectedS: Float64Array, S: Float64Array, logprob: Float64Array): Float64Array =>
  expectedS.map((value, t) => {
    const nearlyCertain = logprob[t] <= 0 && logprob[t] > -1e-6
    return nearlyCertain && value === S[t] ? pairedExpectation(value, value, 1) : value
  })

/** An advantage that float32 cannot hold has trained nothing: `onNonFinite: skip` left its update out. */
const trainable = (advantage: number): number => (Number.isFinite(Math.fround(advantage)) ? advantage : 0)

/** A critic's advantages are not a number where the tokens are not the policy's: nothing is learnt there. */
function policyAdvantages(values: readonly number[], length: number, where: string): Float64Array {
  if (values.length !== length)
    throw new UserError(`${where}: advantages has ${values.length} entries, tokens ${length}`)
  return Float64Array.from(values, trainable)
}
