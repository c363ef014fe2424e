/** An evaluation's outcome: what results.json holds, and the responses as Parquet. */
import { version } from '../../base/package.js'
import { differencesOf, type MeasuredDifference } from '../../evaluate/differences.js'
import type { Outcome } from '../../evaluate/estimators.js'
import { type DataFigures, figuresOf } from '../../evaluate/figures.js'
import type { EvaluatedProblem, Response } from '../../evaluate/respond.js'
import type { TemplateVariables } from '../../model/template/variables.js'
import { type Column, tableParquet } from '../../task/data/parquet.js'
import type { EvalData } from './data.js'
import type { EvalModel } from './model.js'
import type { EvalSettings } from './settings.js'

/** A data set as results name it. */
export interface EvaluatedData {
  name: string
  given: string
  problems: number
  samples: number
  /** Tells problem sets apart. */
  hash: string
  settings: EvalSettings
  /** Variables of the model's chat template; absent: none. */
  template?: TemplateVariables
  /** True where the task grades by itself: `rule` and `requireStop` then say nothing. */
  ownGrader: boolean
}

export interface EvaluatedModel extends EvalModel {
  /** Of the weights' files. */
  fingerprint: string
}

/** One model on one data set. */
export interface EvalResult extends DataFigures {
  model: string
  data: string
}

/** `b` less `a` on one data set. */
export interface EvalDifference extends MeasuredDifference {
  data: string
  a: string
  b: string
}

/** results.json */
export interface EvalResults {
  format: 1
  isentrope: string
  models: EvaluatedModel[]
  data: EvaluatedData[]
  results: EvalResult[]
  /** Every model against the first. */
  differences: EvalDifference[]
}

/** The problems of each model and data set, in the data set's order. */
export interface Evaluated {
  model: EvaluatedModel
  data: EvalData
  problems: EvaluatedProblem[]
}

export const describeData = ({
  name,
  given,
  problems,
  samples,
  hash,
  settings,
  template,
  ownGrader,
}: EvalData): EvaluatedData => ({
  name,
  given,
  problems: problems.length,
  samples,
  hash,
  settings,
  ...(template === undefined ? {} : { template }),
  ownGrader,
})

export function makeResults(
  models: readonly EvaluatedModel[],
  data: readonly EvalData[],
  evaluated: readonly Evaluated[],
): EvalResults {
  const results = evaluated.map(
    ({ model, data: { name, settings }, problems }): EvalResult => ({
      model: model.name,
      data: name,
      ...figuresOf(problems, { rule: settings.rule, seed: settings.seed }),
    }),
  )
  return {
    format: 1,
    isentrope: version,
    models: [...models],
    data: data.map(describeData),
    results,
    differences: data.flatMap(({ name, settings }) => {
      const [first, ...others] = results.filter(
        (result): result is Judged => result.data === name && result.avg_at_k !== undefined,
      )
      return others.flatMap((other) =>
        differencesOf(outcomes(first!), outcomes(other), { seed: settings.seed }).map((difference) => ({
          data: name,
          a: first!.model,
          b: other.model,
          ...difference,
        })),
      )
    }),
  }
}

/** Of a task that says what is right. */
type Judged = EvalResult & { per_problem: Outcome[] }

const outcomes = ({ per_problem }: Judged): Outcome[] => per_problem

interface Row {
  model: string
  data: string
  problem: EvaluatedProblem
  response: Response
}

/** A task without a verdict leaves `correct` empty. */
const columnsOf = (rows: readonly Row[]): Column<Row>[] => [
  { name: 'model', type: 'STRING', value: ({ model }) => model },
  { name: 'data', type: 'STRING', value: ({ data }) => data },
  { name: 'prompt_id', type: 'STRING', value: ({ problem }) => problem.id },
  { name: 'sample', type: 'INT32', value: ({ response }) => response.sample },
  { name: 'prompt', type: 'STRING', value: ({ problem }) => problem.prompt },
  { name: 'completion', type: 'STRING', value: ({ response }) => response.completion },
  { name: 'answer', type: 'STRING', nullable: true, value: ({ problem }) => problem.answer ?? null },
  { name: 'extracted', type: 'STRING', nullable: true, value: ({ response }) => response.extracted ?? null },
  {
    name: 'correct',
    type: 'BOOLEAN',
    nullable: rows.some(({ response }) => response.correct === undefined),
    value: ({ response }) => response.correct ?? null,
  },
  { name: 'reward', type: 'DOUBLE', value: ({ response }) => response.reward },
  { name: 'reason', type: 'STRING', nullable: true, value: ({ response }) => response.reason ?? null },
  { name: 'finish', type: 'STRING', value: ({ response }) => response.finish },
  { name: 'length', type: 'INT32', value: ({ response }) => response.length },
  { name: 'logprob', type: 'DOUBLE', value: ({ response }) => response.logprob },
  { name: 'entropy', type: 'DOUBLE', value: ({ response }) => response.entropy },
]

/** The bytes of responses.parquet: a row a response. */
export function responsesParquet(evaluated: readonly Evaluated[]): Uint8Array {
  const rows = evaluated.flatMap(({ model, data, problems }) =>
    problems.flatMap((problem) =>
      problem.responses.map((response): Row => ({ model: model.name, data: data.name, problem, response })),
    ),
  )
  return tableParquet(rows, columnsOf(rows), { root: 'responses' })
}
