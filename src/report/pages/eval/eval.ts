/** The page of an evaluation: report.html in its directory. */

import { existsSync, readFileSync } from 'node:fs'
import { UserError } from '../../../base/errors.js'
import { parseJson } from '../../../base/json.js'
import type { EvaluatedProblem } from '../../../evaluate/respond.js'
import { evalPaths, journalPath } from '../../../run/evaluate/directory.js'
import type { EvalResults, EvaluatedData } from '../../../run/evaluate/results.js'
import { realDisk, replaceFile } from '../../../run/store/disk.js'
import { readJsonLines } from '../../../run/store/json-lines.js'
import { formatCount, formatFixed, formatNumber, minus } from '../../format.js'
import { type Html, html } from '../../html/markup.js'
import { renderPage } from '../../html/page.js'
import { renderHtmlTable } from '../../html/table.js'
import { present, section } from '../parts.js'
import { groupDifferences, groupMeasurements, measurementsOfResults } from './measurements.js'
import {
  columnHint,
  curveFigures,
  differenceIntro,
  differenceTable,
  intervalHint,
  measurementTable,
  rateFigures,
} from './parts.js'

/**
 * Reads results.json of an evaluation's directory.
 * @throws UserError where there is none, or it is not one.
 */
export function readResults(directory: string): EvalResults {
  const { results, settings } = evalPaths(directory)
  if (!existsSync(results)) {
    const begun = existsSync(settings)
    throw new UserError(`${directory}: ${begun ? 'an evaluation that is not finished' : 'holds no evaluation'}`, {
      hint: begun ? 'finish it by isentrope eval ... --resume' : undefined,
    })
  }
  try {
    const read = parseJson(readFileSync(results, 'utf8')) as EvalResults
    if (read.format === 1 && Array.isArray(read.results) && Array.isArray(read.data)) return read
  } catch {
    // Told below, as what parses to something else.
  }
  throw new UserError(`${results}: not an evaluation's results`)
}

/**
 * Writes report.html into a finished evaluation's directory, atomically, and returns its path.
 * @throws UserError where the directory holds no finished evaluation.
 */
export async function writeEvalReport(directory: string): Promise<string> {
  const { report } = evalPaths(directory)
  replaceFile(realDisk, report, evalPage(readResults(directory), directory))
  return report
}

function evalPage(results: EvalResults, directory: string): string {
  const names = results.models.map(({ name }) => name)
  const groups = groupMeasurements(
    measurementsOfResults(results, (name) => ({ name, style: Math.max(0, names.indexOf(name)) })),
  )
  return renderPage({
    title: `Evaluation: ${names.join(', ')}`,
    subtitle: results.data
      .map(({ name, problems, samples }) => `${name} (${formatCount(problems)} × ${samples})`)
      .join(', '),
    lead: lead(results),
    sections: present([
      section('figures', 'In numbers', measurementTable(groups), `${intervalHint(groups)} ${columnHint}`),
      section('differences', 'Differences', differenceTable(groupDifferences(groups)), differenceIntro),
      section('curves', 'More samples', curveFigures(groups)),
      section('pass-rates', 'Pass rates', rateFigures(groups)),
      section('problems', 'Problems', problemTables(results)),
      section(
        'responses',
        'Responses',
        responses(results, directory),
        'Of the first problems of each data set, the first right and the first wrong completion, or the best and the worst where the task gives no verdict. All are in responses.parquet.',
      ),
    ]),
    footer: html`<p>Drag over a chart to zoom in, double-click to zoom out; a model’s name in a legend hides it. Made by isentrope ${results.isentrope}; this file needs no network.</p>`,
  })
}

function lead({ models, data }: EvalResults): Html {
  const settings = new Map(data.map((set) => [set.name, settingsText(set)]))
  const shared = new Set(settings.values()).size === 1
  const lines = shared
    ? [[...settings.values()][0]!]
    : [...settings].map(([name, text]) => `${name}: ${text[0]!.toLowerCase()}${text.slice(1)}`)
  return html`<ul class="notes">${models
    .filter(({ checkpoint }) => checkpoint !== undefined)
    .map(
      ({ name, given, checkpoint }) =>
        html`<li>${name}: ${given}, checkpoint of step ${checkpoint!.step}, ${checkpoint!.chosen}.</li>`,
    )}${lines.map((line) => html`<li>${line}.</li>`)}</ul>`
}

function settingsText({ settings, ownGrader }: EvaluatedData): string {
  const { temperature, topP, topK, minP, maxNewTokens, seed, rule, requireStop } = settings
  return [
    `Temperature ${formatNumber(temperature)}`,
    ...(topP < 1 ? [`top-p ${formatNumber(topP)}`] : []),
    ...(topK > 0 ? [`top-k ${topK}`] : []),
    ...(minP > 0 ? [`min-p ${formatNumber(minP)}`] : []),
    `at most ${formatCount(maxNewTokens)} tokens`,
    `seed ${seed}`,
    ownGrader ? 'graded by the task' : `answers compared by the rule ${rule}`,
    ...(!ownGrader && requireStop ? ['completions cut off are wrong'] : []),
  ].join(', ')
}

/** Each problem's right samples by model, the hardest to tell apart beside each other: the data set's own order. */
function problemTables({ data, models, results }: EvalResults): Html | undefined {
  const tables = data.flatMap(({ name, samples }) => {
    const own = models.flatMap((model) => results.find((each) => each.model === model.name && each.data === name) ?? [])
    const [first] = own
    if (first === undefined) return []
    return [
      html`<details${own.length > 0 && first.problems <= 40 ? openMark : undefined}><summary>${name}: ${formatCount(first.problems)} problems</summary><div class="numbers">${renderHtmlTable(
        {
          caption: `Problems of ${name}`,
          head: [
            'Problem',
            'Answer',
            ...own.flatMap(({ model }) => [model, ...(own.length > 1 ? [] : ['Majority', 'Tokens', 'Cut off'])]),
          ],
          rows: first.per_problem.map((problem, i) => ({
            name: problem.id,
            cells: [
              shortened(problem.answer ?? '–', 40),
              ...own.flatMap(({ per_problem }) => {
                const { correct, majority, length_mean, truncated, reward_mean } = per_problem[i]!
                const rate = correct === undefined ? formatFixed(reward_mean, 3) : `${correct}/${samples}`
                return own.length > 1
                  ? [rate]
                  : [rate, formatFixed(majority, 2), formatFixed(length_mean, 0), `${truncated}/${samples}`]
              }),
            ],
          })),
        },
      )}</div></details>`,
    ]
  })
  return tables.length === 0 ? undefined : html`${tables}`
}

const openMark = ' open'
const shownProblems = 3
const shownCharacters = 2000

const shortened = (text: string, length: number): string => {
  const characters = [...text]
  return characters.length <= length ? text : `${characters.slice(0, length).join('')}…`
}

function responses({ data, models }: EvalResults, directory: string): Html | undefined {
  const paths = evalPaths(directory)
  const parts = data.flatMap(({ name }) =>
    models.flatMap((model, m) => {
      const problems = readProblems(journalPath(paths, m, name))
      return problems.slice(0, shownProblems).map((problem) => oneProblem(problem, name, model.name))
    }),
  )
  return parts.length === 0 ? undefined : html`${parts}`
}

function readProblems(path: string): EvaluatedProblem[] {
  try {
    return readJsonLines<EvaluatedProblem>(path)
  } catch {
    return []
  }
}

function oneProblem(problem: EvaluatedProblem, data: string, model: string): Html {
  const { responses } = problem
  const judged = responses.every(({ correct }) => correct !== undefined)
  const byReward = [...responses].sort((a, b) => b.reward - a.reward)
  const chosen = judged
    ? [true, false].flatMap((right) => responses.find(({ correct }) => correct === right) ?? [])
    : [...new Set([byReward[0]!, byReward.at(-1)!])]
  const found = judged
    ? `${responses.filter(({ correct }) => correct).length} of ${responses.length} right`
    : `mean reward ${formatNumber(responses.reduce((sum, { reward }) => sum + reward, 0) / responses.length)}`
  return html`<details><summary>${data}, problem ${problem.id}, ${model}: ${found}</summary>
<p class="label">Prompt</p><pre class="text">${shortened(problem.prompt, shownCharacters)}</pre>
${problem.answer !== undefined && html`<p class="label">Answer: ${shortened(problem.answer, 200)}</p>`}
${chosen.map(
  ({ sample, correct, reward, completion, extracted, reason, length, finish }) =>
    html`<p class="label">Sample ${sample}: ${correct === undefined ? `reward ${minus(formatNumber(reward))}` : correct ? 'right' : 'wrong'}${reason !== undefined && ` (${reason})`}; ${extracted === undefined ? '' : extracted === null ? 'no answer found; ' : `answer ${shortened(extracted, 80)}; `}${length} tokens${finish === 'length' && ', cut off'}</p><pre class="text">${shortened(completion, shownCharacters)}</pre>`,
)}</details>`
}
