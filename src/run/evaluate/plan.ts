/** What an evaluation is going to do and cost, known before the first token. */
import { type EvaluatedProblem, samplePrompts } from '../../evaluate/respond.js'
import { unusedVariables } from '../../model/template/variables.js'
import type { OpenModel } from '../../model/types.js'
import { openModelWithProgress } from '../../rollout/model-thread.js'
import type { PlannedEngine } from '../plan/sampling-engine.js'
import type { Journal } from '../problems/journal.js'
import { placed } from '../problems/windows.js'
import type { EvalData } from './data.js'
import { type EvalModel, fingerprint } from './model.js'
import type { EvaluatedModel } from './results.js'

/** The cost, known before the first token. Tokens are upper bounds. */
export interface EvalPlan {
  models: EvaluatedModel[]
  data: {
    name: string
    problems: number
    samples: number
    completions: number
    maxNewTokens: number
    /** Of one model. */
    tokens: number
    /** Problems whose prompts leave a model less room than maxNewTokens. */
    shortened: number
  }[]
  /** Over all models. */
  completions: number
  tokens: number
  /** Finished in an earlier start. */
  completionsDone: number
  /** What should be known before the first token; absent: nothing. */
  warnings?: string[]
  engine: PlannedEngine
}

/** One model on one data set. */
export interface Job {
  model: EvaluatedModel
  data: EvalData
  journal: Journal<EvaluatedProblem>
}

export interface Described {
  model: EvaluatedModel
  /** What should be known before the first token. */
  warnings: string[]
  /** Problems of each data set whose completions the model's positions shorten. */
  shortened: number[]
}

/** Every model is located, and every prompt put into its template, before the first is sampled from. */
export async function describeModels(models: readonly EvalModel[], data: readonly EvalData[]): Promise<Described[]> {
  const described: Described[] = []
  for (const model of models) {
    const open = await openModelWithProgress(model.reference, model.adapter)
    open.tensors.close()
    described.push({
      model: { ...model, fingerprint: fingerprintOf(open) },
      warnings: warningsOf(open, data),
      shortened: data.map(({ problems, settings: { maxNewTokens } }) => {
        const prompts = samplePrompts(open, placed(problems), maxNewTokens)
        return prompts.filter((prompt) => prompt.maxNewTokens! < maxNewTokens).length
      }),
    })
  }
  return described
}

const warningsOf = ({ tokenizer }: OpenModel, data: readonly EvalData[]): string[] => [
  ...new Set(data.flatMap(({ template }) => unusedVariables(tokenizer, template) ?? [])),
]

export function planOf(
  models: EvaluatedModel[],
  data: readonly EvalData[],
  jobs: readonly Job[],
  described: readonly Described[],
): Omit<EvalPlan, 'engine'> {
  const sets = data.map(({ name, problems, samples, settings: { maxNewTokens } }, d) => {
    const completions = problems.length * samples
    const shortened = Math.max(...described.map((each) => each.shortened[d]!))
    const tokens = completions * maxNewTokens
    return { name, problems: problems.length, samples, completions, maxNewTokens, tokens, shortened }
  })
  const total = (of: (set: (typeof sets)[number]) => number) =>
    models.length * sets.reduce((sum, set) => sum + of(set), 0)
  const warnings = [...new Set(described.flatMap((each) => each.warnings))]
  return {
    models,
    data: sets,
    completions: total(({ completions }) => completions),
    tokens: total(({ tokens }) => tokens),
    completionsDone: jobs.reduce((sum, { data: { samples }, journal }) => sum + journal.done.size * samples, 0),
    ...(warnings.length > 0 ? { warnings } : {}),
  }
}

/** Of all weights that decide the figures, an adapter's too. */
const fingerprintOf = ({ path, adapter }: OpenModel): string =>
  adapter === undefined ? fingerprint(path) : `${fingerprint(path)}+${fingerprint(adapter)}`
