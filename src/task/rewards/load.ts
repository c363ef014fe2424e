/** From a recipe's `task.rewards` list to weighted rewards. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { UserError } from '../../base/errors.js'
import { needsProgram } from '../code.js'
import { importDefault } from '../module.js'
import { isPath, KeyProblems, parseSpec, type TaskContext, type TaskSpec } from '../spec.js'
import { type PatienceOptions, patienceKeys, withPatience } from '../timeout.js'
import type { Task } from '../types.js'
import { combineRewards, type WeightedReward } from './combine.js'
import { formatNames, formatReward } from './format.js'
import { overlongPenalty } from './overlong.js'
import { isReward, type RewardFunction } from './types.js'

const weight = z.number().default(1).describe('factor of this reward in the sum')

export const rewardSchemas = {
  task: z.object({ weight }).describe("the task's own reward; weight 1 where it is not listed"),
  format: z
    .object({
      weight,
      format: z.enum(formatNames).optional().describe('a form known by name'),
      pattern: z.string().optional().describe('a regular expression that the completion must match somewhere'),
    })
    .describe('1 where the completion has a form, else 0'),
  overlong: z
    .object({
      weight,
      maxTokens: z.int().min(1).describe('length from which the penalty is -1'),
      buffer: z.int().min(1).describe('tokens before maxTokens over which the penalty grows from 0'),
    })
    .describe("DAPO's soft penalty of long completions, 0 to -1"),
}

export const functionSchema = z.object({ weight, ...patienceKeys })

/** Wraps `task` with the rewards listed; entries are a name with keys, or the path of a module. */
export async function withRewards(task: Task, entries: unknown, context: TaskContext): Promise<Task> {
  if (!Array.isArray(entries)) throw new UserError(`task ${task.name}: 'rewards' must be a list of rewards`)
  let taskWeight: number | undefined
  const others: WeightedReward[] = []
  for (const [i, entry] of entries.entries()) {
    const spec = checkEntry(entry, `task ${task.name}: rewards[${i}]`)
    try {
      if (spec.name !== 'task') others.push(await loadReward(spec, context))
      else if (taskWeight === undefined) taskWeight = parseSpec(rewardSchemas.task, spec, 'reward').weight
      else throw new UserError(`task ${task.name}: rewards[${i}]: the task's own reward is listed twice`)
    } catch (error) {
      throw error instanceof KeyProblems ? error.under(['rewards', String(i)]) : error
    }
  }
  return combineRewards(task, taskWeight ?? 1, distinct(others))
}

/** A name is that of one share: a second `format` is `format-2`. */
function distinct(rewards: readonly WeightedReward[]): WeightedReward[] {
  const taken = new Set(['task'])
  return rewards.map((reward) => {
    let { name } = reward
    for (let n = 2; taken.has(name); n++) name = `${reward.name}-${n}`
    taken.add(name)
    return { ...reward, name }
  })
}

function checkEntry(entry: unknown, where: string): TaskSpec {
  if (typeof entry === 'string') return { name: entry }
  if (typeof entry === 'object' && entry !== null && typeof (entry as TaskSpec).name === 'string') {
    return entry as TaskSpec
  }
  throw new UserError(`${where}: must have a name`, {
    hint: `One of ${Object.keys(rewardSchemas).join(', ')}, or the path of a module.`,
  })
}

async function loadReward(spec: TaskSpec, context: TaskContext): Promise<WeightedReward> {
  if (spec.fromCode === true) return rewardFromCode(spec, context)
  if (spec.name === 'format') {
    const { weight, format, pattern } = parseSpec(rewardSchemas.format, spec, 'reward')
    if ((format === undefined) === (pattern === undefined)) {
      throw new UserError("reward format: give one of 'format' and 'pattern'")
    }
    const form = format ?? compile(pattern!)
    return { name: 'format', weight, reward: (completion, _, { prompt }) => formatReward(completion, form, prompt) }
  }
  if (spec.name === 'overlong') {
    const { weight, maxTokens, buffer } = parseSpec(rewardSchemas.overlong, spec, 'reward')
    if (buffer > maxTokens) throw new UserError('reward overlong: buffer is above maxTokens')
    return { name: 'overlong', weight, reward: (_, __, { tokens }) => overlongPenalty(tokens, maxTokens, buffer) }
  }
  if (isPath(spec.name)) return loadFunction(spec, context)
  throw new UserError(`unknown reward '${spec.name}'`, {
    hint: `Known: ${Object.keys(rewardSchemas).join(', ')}, or the path of a module.`,
  })
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'su')
  } catch (cause) {
    throw new UserError(`reward format: pattern: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

async function loadFunction(spec: TaskSpec, context: TaskContext): Promise<WeightedReward> {
  const { weight, ...patience } = parseSpec(functionSchema, spec, 'reward')
  const path = resolve(context.baseDirectory, spec.name)
  const loaded = await importDefault(path, 'export default async (completion, example, { signal }) => 0.5', context)
  const { reward, ...named } = isReward(loaded) ? loaded : { reward: loaded }
  if (typeof reward !== 'function') {
    throw new UserError(`${path}: the default export is ${typeof reward}, not a function (completion, example, info)`)
  }
  // The recipe's weight goes before the one that the file declares.
  const factor = spec.weight === undefined && 'weight' in named ? (named.weight ?? weight) : weight
  return patientReward(spec.name, factor, reward as RewardFunction, patience)
}

/** A reward that the program gave; it gets the patience of a module's. */
function rewardFromCode({ name, weight: factor }: TaskSpec, { code }: TaskContext): WeightedReward {
  const given = code?.rewards.get(name)
  if (given === undefined) throw needsProgram(`reward ${name}`)
  const { weight, ...patience } = functionSchema.parse({ weight: factor })
  return patientReward(name, weight, given.reward, patience)
}

const patientReward = (
  name: string,
  weight: number,
  reward: RewardFunction,
  patience: PatienceOptions,
): WeightedReward => ({
  name,
  weight,
  reward: (completion, example, info) =>
    withPatience(
      `reward ${name}`,
      patience,
      async (signal) => {
        const value: unknown = await reward(completion, example, { ...info, signal })
        if (typeof value !== 'number' || !Number.isFinite(value)) {
          throw new Error(`returned ${String(value)}, not a finite number`)
        }
        return value
      },
      info.signal,
    ),
})
