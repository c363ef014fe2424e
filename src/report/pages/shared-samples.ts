/** The same prompt under each of several runs, at steps that all of them have. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { openParquet } from '../../run/store/parquet-rows.js'
import { runPaths, stepName, stepOf } from '../../run/store/run-directory.js'
import { type Head, mostMasked, pickRows, readHeads, type Sample, type SampleOptions, wholeSamples } from './samples.js'

export interface SharedStep {
  step: number
  promptId: string
  /** Of each run, in their order: the completion with the most masked tokens and the best one, else the best and the worst. */
  runs: Sample[][]
}

/** Steps that are shown at most. */
const mostSteps = 6

/**
 * At each of up to six steps one prompt that every run sampled: the one with the most masked tokens, or the one whose rewards
 * differ most. Empty where the runs have no step or no prompt in common. What cannot be read is named in `problems`.
 */
export async function readSharedSamples(
  directories: readonly string[],
  options: Pick<SampleOptions, 'decodeToken' | 'maxTokens'>,
  problems: string[],
): Promise<SharedStep[]> {
  const found: SharedStep[] = []
  for (const step of spread(commonSteps(directories), mostSteps)) {
    try {
      const shared = await sharedAt(directories, step, { files: 1, ...options })
      if (shared !== undefined) found.push(shared)
    } catch (error) {
      problems.push(`rollouts of step ${step}: not readable, left out (${(error as Error).message})`)
    }
  }
  return found
}

const pathOf = (directory: string, step: number) => join(runPaths(directory).rollouts, `${stepName(step)}.parquet`)

async function sharedAt(
  directories: readonly string[],
  step: number,
  options: SampleOptions,
): Promise<SharedStep | undefined> {
  const files = await Promise.all(directories.map((directory) => openParquet(pathOf(directory, step))))
  const heads = await Promise.all(files.map(readHeads))
  const promptId = commonPrompt(heads)
  if (promptId === undefined) return undefined
  const runs = await Promise.all(files.map((file, run) => wholeSamples(file, chosenOf(heads[run]!, promptId), options)))
  return { step, promptId, runs }
}

/** The prompt that all runs have, with the most masked tokens over the runs, then with the widest rewards. */
export function commonPrompt(runs: readonly (readonly Head[])[]): string | undefined {
  const [first = [], ...others] = runs
  const common = [...new Set(first.map(({ prompt_id }) => prompt_id))].filter((prompt) =>
    others.every((heads) => heads.some(({ prompt_id }) => prompt_id === prompt)),
  )
  const rank = (prompt: string): [number, number] => {
    const rows = runs.flatMap((heads) => heads.filter(({ prompt_id }) => prompt_id === prompt))
    const rewards = rows.map(({ reward }) => reward)
    return [rows.reduce((sum, { masked = 0 }) => sum + masked, 0), Math.max(...rewards) - Math.min(...rewards)]
  }
  let best: { prompt: string; rank: [number, number] } | undefined
  for (const prompt of common) {
    const own = rank(prompt)
    const isBetter = best === undefined || own[0] > best.rank[0] || (own[0] === best.rank[0] && own[1] > best.rank[1])
    if (isBetter) best = { prompt, rank: own }
  }
  return best?.prompt
}

function chosenOf(heads: readonly Head[], promptId: string): number[] {
  const rows = heads.flatMap(({ prompt_id }, row) => (prompt_id === promptId ? [row] : []))
  const [best, worst] = pickRows(rows.map((row) => heads[row]!)).map((place) => rows[place]!)
  const second = mostMasked(heads, rows) ?? worst
  return [...new Set([second, best])].filter((row) => row !== undefined)
}

function commonSteps(directories: readonly string[]): number[] {
  const [first = [], ...others] = directories.map((directory) => {
    const { rollouts } = runPaths(directory)
    const names = existsSync(rollouts) ? readdirSync(rollouts) : []
    return names.flatMap((name) => stepOf(name, '.parquet') ?? [])
  })
  return first.filter((step) => others.every((steps) => steps.includes(step))).sort((a, b) => a - b)
}

/** `count` of the values at most, evenly spread, the first and the last among them. */
const spread = (values: readonly number[], count: number): number[] =>
  values.length <= count
    ? [...values]
    : Array.from({ length: count }, (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))]!)
