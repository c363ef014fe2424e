/**
 * The mathematics verifier beside Python's math-verify on the same answers: how fast, how often they agree, and how
 * often each is wrong where the truth is known (bench/grading/pairs.ts makes the pairs).
 *
 *     npx jiti bench/grading/run.ts [FILE.jsonl ...] [--cases TABLE] [--rows 500] [--python python3] [--show]
 *
 * Files hold a reference per row in `answer`; without any, answers are invented; with --cases the
 * pairs are those of test/grading: forms, boxed, responses, or unseen. --show lists who is wrong where.
 * Each grader runs alone, in one thread, one answer after the other; starting and importing is not counted, and seconds
 * are of processor time.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { grade } from '../../src/task/math/grade.js'
import type { Cases } from '../../test/grading/case.js'
import { different } from '../../test/grading/different.js'
import { equal } from '../../test/grading/equal.js'
import { boxed, inBox, responses, unseen } from '../../test/grading/tables.js'
import { inventAnswers, makePairs, type Pair } from './pairs.js'
import { pythonWith } from './python.js'

const peer = 'math-verify==0.9.0'

interface Graded {
  correct: boolean[]
  seconds: number[]
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string' },
    rows: { type: 'string', default: '500' },
    python: { type: 'string', default: 'python3' },
    show: { type: 'boolean', default: false },
  },
})

function readAnswers(path: string): string[] {
  const rows = readFileSync(path, 'utf8').trim().split('\n').slice(0, Number(values.rows))
  return rows.map((line) => {
    const { answer } = JSON.parse(line) as { answer: string | number }
    const text = String(answer)
    return text.includes('####') ? text.slice(text.lastIndexOf('####') + 4).trim() : text
  })
}

function casesOf(table: typeof equal, expected: boolean): Pair[] {
  return Object.entries(table).flatMap(([how, groups]) =>
    groups.flatMap(([answer, ...forms]) =>
      forms.map((form) => ({ response: `$\\boxed{${form}}$`, answer, expected, how })),
    ),
  )
}

/** The tables of whole responses. */
function responsesOf(cases: Cases, response: (form: string) => string = (form) => form): Pair[] {
  return Object.entries(cases).flatMap(([how, groups]) =>
    groups.flatMap(({ answer, right = [], wrong = [] }) =>
      [...right.map((form) => [form, true] as const), ...wrong.map((form) => [form, false] as const)].map(
        ([form, expected]) => ({ response: response(form), answer, expected, how }),
      ),
    ),
  )
}

/** Pairs of test/grading by the value of --cases. */
const tables: Readonly<Record<string, () => Pair[]>> = {
  forms: () => [...casesOf(equal, true), ...casesOf(different, false)],
  boxed: () => responsesOf(boxed, inBox),
  responses: () => responsesOf(responses),
  unseen: () => responsesOf(unseen),
}

function gradeHere(pairs: readonly Pair[]): Graded {
  // The compiler's warm-up is a cost of the first moments, not of grading.
  for (const { response, answer } of pairs.slice(0, 300)) grade(response, answer)
  const correct: boolean[] = []
  const seconds: number[] = []
  for (const { response, answer } of pairs) {
    const start = process.cpuUsage()
    correct.push(grade(response, answer).correct)
    const { user, system } = process.cpuUsage(start)
    seconds.push((user + system) / 1e6)
  }
  return { correct, seconds }
}

function gradeThere(pairs: readonly Pair[]): Graded {
  const script = fileURLToPath(new URL('peer.py', import.meta.url))
  const input = pairs.map(({ response, answer }) => JSON.stringify({ response, answer })).join('\n')
  const { status, stdout, stderr, error } = spawnSync(pythonWith(peer, values.python), [script], {
    input: `${input}\n`,
    maxBuffer: 2 ** 28,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`math-verify failed: ${error?.message ?? stderr.slice(-2000)}`)
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { correct: boolean; seconds: number })
  return { correct: rows.map(({ correct }) => correct), seconds: rows.map(({ seconds }) => seconds) }
}

function report(name: string, pairs: readonly Pair[], { correct, seconds }: Graded): void {
  const total = seconds.reduce((sum, each) => sum + each, 0)
  const sorted = [...seconds].sort((a, b) => a - b)
  const milliseconds = (each: number) => `${(1000 * each).toFixed(3)} ms`
  const share = (expected: boolean) => {
    const of = pairs.filter((pair) => pair.expected === expected).length
    const wrong = pairs.filter((pair, i) => pair.expected === expected && correct[i] !== expected).length
    return `${wrong} of ${of} (${((100 * wrong) / of).toFixed(2)} %)`
  }
  process.stdout.write(
    `${name}\n  ${(pairs.length / total).toFixed(0)} answers a second; median ${milliseconds(sorted[sorted.length >> 1]!)}, ` +
      `slowest ${milliseconds(sorted.at(-1)!)}\n  wrong answers accepted: ${share(false)}\n  right answers refused: ${share(true)}\n`,
  )
}

function show(pairs: readonly Pair[], here: Graded, there: Graded): void {
  for (const [i, { answer, response, expected, how }] of pairs.entries()) {
    const wrong = [here, there].map(({ correct }) => correct[i] !== expected)
    if (!wrong[0] && !wrong[1]) continue
    const who = wrong[0] ? (wrong[1] ? 'both' : 'isentrope') : 'math-verify'
    const what = expected ? 'refuses' : 'accepts'
    process.stdout.write(`${JSON.stringify({ who, what, how, answer, response })}\n`)
  }
}

function pairsOf(table: string | undefined): Pair[] {
  if (table === undefined) return makePairs(answers)
  const make = Object.hasOwn(tables, table) ? tables[table] : undefined
  if (make === undefined) throw new Error(`--cases takes ${Object.keys(tables).join(', ')}, not ${table}`)
  return make()
}

const answers = positionals.length > 0 ? positionals.flatMap(readAnswers) : inventAnswers(Number(values.rows), 1)
const pairs = pairsOf(values.cases)
const here = gradeHere(pairs)
const there = gradeThere(pairs)
const agree = pairs.filter((_, i) => here.correct[i] === there.correct[i]).length
const sum = (seconds: readonly number[]) => seconds.reduce((total, each) => total + each, 0)
process.stdout.write(`${pairs.length} pairs${values.cases ? '' : ` from ${answers.length} answers`}\n`)
report('isentrope', pairs, here)
report('math-verify 0.9.0', pairs, there)
process.stdout.write(
  `agreement: ${((100 * agree) / pairs.length).toFixed(2)} %; isentrope is ${(sum(there.seconds) / sum(here.seconds)).toFixed(1)} times as fast\n`,
)
if (values.show) show(pairs, here, there)
