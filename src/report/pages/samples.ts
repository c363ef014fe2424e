/** A few completions of a run, picked from its rollout files to show what the policy did and what that was worth. */
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { openParquet, type ParquetFile } from '../../run/store/parquet-rows.js'
import { runPaths, stepOf } from '../../run/store/run-directory.js'
import { alignTokens } from './token-texts.js'

export interface SampleToken {
  id: number
  text: string
  logprob: number
  entropy: number
  s: number
  expectedS: number
  kept: boolean
}

export interface Sample {
  step: number
  promptId: string
  sample: number
  prompt: string
  completion: string
  answer?: string
  reward: number
  /** The task's verdict, and what the reward is made of; absent in files of older runs. */
  correct?: boolean
  rewardParts?: Record<string, number>
  advantage: number
  tokens: SampleToken[]
  /** Tokens beyond `maxTokens`, which are not in `tokens`. */
  hiddenTokens: number
}

export interface SampleOptions {
  /** How many rollout files: 1 is the last one, more are spread evenly from first to last. */
  files: number
  /** Text of one token; without it token texts are empty. */
  decodeToken?: (id: number) => string
  maxTokens: number
}

const perToken = ['logprob', 'entropy', 's', 'expected_s', 'grad_mask'] as const
const shownColumns = [
  'step',
  'prompt_id',
  'sample',
  'prompt',
  'completion',
  'answer',
  'reward',
  'advantage',
  'tokens',
  ...perToken,
  'correct',
  'reward_parts',
]

/**
 * From each chosen file the best, the worst, and the most masked completion of the prompt whose rewards differ most.
 * A file that cannot be read is left out and named in `problems`.
 */
export async function readSamples(directory: string, options: SampleOptions, problems: string[]): Promise<Sample[]> {
  const samples: Sample[] = []
  for (const path of rolloutFiles(directory, options.files)) {
    try {
      samples.push(...(await samplesOf(path, options)))
    } catch (error) {
      problems.push(`rollouts/${basename(path)}: not readable, left out (${(error as Error).message})`)
    }
  }
  return samples
}

function rolloutFiles(directory: string, count: number): string[] {
  const folder = runPaths(directory).rollouts
  if (!existsSync(folder)) return []
  const names = readdirSync(folder)
    .filter((name) => stepOf(name, '.parquet') !== undefined)
    .sort((a, b) => stepOf(a, '.parquet')! - stepOf(b, '.parquet')!)
  const chosen =
    count === 1
      ? names.slice(-1)
      : Array.from({ length: count }, (_, i) => names[Math.round((i * (names.length - 1)) / (count - 1))])
  return [...new Set(chosen)].filter((name) => name !== undefined).map((name) => join(folder, name))
}

async function samplesOf(path: string, options: SampleOptions): Promise<Sample[]> {
  const file = await openParquet(path)
  const heads = await readHeads(file)
  const chosen = pickRows(heads)
  const group = heads.flatMap((head, row) => (head.prompt_id === heads[chosen[0]!]?.prompt_id ? [row] : []))
  const most = mostMasked(heads, group)
  return wholeSamples(file, most === undefined || chosen.includes(most) ? chosen : [...chosen, most], options)
}

export interface Head {
  prompt_id: string
  reward: number
  advantage: number
  /** Tokens without gradient. */
  masked?: number
}

/** What is needed to choose rows: the long columns are read only of those that are shown. */
export async function readHeads(file: ParquetFile): Promise<Head[]> {
  const rows = await file.rows(['prompt_id', 'reward', 'advantage', 'grad_mask'])
  return rows.map(({ prompt_id, reward, advantage, grad_mask }) => ({
    prompt_id: String(prompt_id),
    reward: Number(reward),
    advantage: Number(advantage),
    masked: numbers(grad_mask).filter((flows) => flows === 0).length,
  }))
}

/** The row with the most masked tokens; undefined where none has any. */
export function mostMasked(heads: readonly Head[], rows: readonly number[]): number | undefined {
  const count = (row: number) => heads[row]!.masked ?? 0
  const found = rows.reduce<number | undefined>(
    (best, row) => (best === undefined || count(row) > count(best) ? row : best),
    undefined,
  )
  return found !== undefined && count(found) > 0 ? found : undefined
}

/** The rows at these places, in this order. */
export async function wholeSamples(
  file: ParquetFile,
  chosen: readonly number[],
  options: SampleOptions,
): Promise<Sample[]> {
  const places = [...new Set(chosen)].sort((x, y) => x - y)
  const wholes = await file.rows(
    shownColumns.filter((name) => file.columns.includes(name)),
    places,
  )
  return chosen.map((place) => toSample(wholes[places.indexOf(place)] ?? {}, options))
}

/** Indices of the best and the worst completion of the prompt with the largest spread of rewards. */
export function pickRows(heads: readonly Head[]): number[] {
  const groups = new Map<string, number[]>()
  heads.forEach((head, row) => {
    const group = groups.get(head.prompt_id)
    if (group === undefined) groups.set(head.prompt_id, [row])
    else group.push(row)
  })
  let chosen: number[] = []
  let widest = -1
  for (const rows of groups.values()) {
    const byReward = [...rows].sort((a, b) => heads[b].reward - heads[a].reward || a - b)
    const [best, worst] = [byReward[0], byReward.at(-1)!]
    const spread = heads[best].reward - heads[worst].reward
    if (spread > widest) {
      widest = spread
      chosen = best === worst ? [best] : [best, worst]
    }
  }
  return chosen
}

function toSample(row: Record<string, unknown>, { decodeToken, maxTokens }: SampleOptions): Sample {
  const ids = numbers(row.tokens)
  const completion = String(row.completion ?? '')
  const [logprob, entropy, s, expectedS, kept] = perToken.map((name) => numbers(row[name]))
  const texts = decodeToken ? alignTokens(ids.map(decodeToken), completion) : ids.map(() => '')
  const at = (values: number[], i: number) => values[i] ?? Number.NaN
  return {
    step: Number(row.step),
    promptId: String(row.prompt_id ?? ''),
    sample: Number(row.sample),
    prompt: String(row.prompt ?? ''),
    completion,
    answer: row.answer === null || row.answer === undefined ? undefined : String(row.answer),
    reward: Number(row.reward),
    ...(typeof row.correct === 'boolean' ? { correct: row.correct } : {}),
    ...(typeof row.reward_parts === 'object' && row.reward_parts !== null
      ? { rewardParts: row.reward_parts as Record<string, number> }
      : {}),
    advantage: Number(row.advantage),
    tokens: ids.slice(0, maxTokens).map((id, i) => ({
      id,
      text: texts[i],
      logprob: at(logprob, i),
      entropy: at(entropy, i),
      s: at(s, i),
      expectedS: at(expectedS, i),
      kept: (kept[i] ?? 1) !== 0,
    })),
    hiddenTokens: Math.max(0, ids.length - maxTokens),
  }
}

function numbers(list: unknown): number[] {
  if (!Array.isArray(list) && !ArrayBuffer.isView(list)) return []
  return Array.from(list as ArrayLike<number | boolean | bigint>, Number)
}
