/** Data sets and rollouts, and what commands read from standard input. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gradeCommand } from '../../../src/cli/grade.js'
import { scoreCommand } from '../../../src/cli/score.js'
import { readSamples } from '../../../src/report/pages/samples.js'
import { openModelThread } from '../../../src/rollout/model-thread.js'
import { type ScoreOptions, scoreLines } from '../../../src/rollout/score.js'
import { readRolloutRows } from '../../../src/run/store/rollout-rows.js'
import { problemsParquet } from '../../../src/task/data/parquet.js'
import { readProblems } from '../../../src/task/data/problems.js'
import { fakeIo, runCommand } from '../../fake-io.js'
import { writeTinyModel } from '../../training/tiny-model.js'
import type { FuzzedFormat, MakeFormat } from './format.js'
import { damageBytes, damageJsonLines, damageText } from './mutate.js'

const jsonLines = (...lines: object[]) => Buffer.from(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)

const problems = [
  { problem: 'What is 2 + 2?', answer: '4' },
  { problem: 'Half of $x$ is 3. Find $x$.', answer: '#### 6' },
  { problem: [{ role: 'user', content: 'Ünï\u2028code, "quoted"' }], answer: 0.1 },
]

/** Reads every problem of the file NAME. */
const dataFile =
  (name: string, seeds: readonly Buffer[], damage: FuzzedFormat['damage']): MakeFormat =>
  (directory) => ({
    seeds,
    damage,
    async read(file) {
      const path = join(directory, name)
      writeFileSync(path, file)
      for await (const _ of readProblems(path)) {
      }
    },
  })

const table = problems.map(({ problem, answer }, i) => ({
  key: String(i).padStart(64, '0'),
  id: String(i),
  prompt: String(problem),
  text: String(problem),
  answer: String(answer),
}))

export const dataParquet = dataFile('problems.parquet', [Buffer.from(problemsParquet(table))], damageBytes)
export const dataJsonLines = dataFile('problems.jsonl', [jsonLines(...problems)], damageJsonLines)
export const dataCsv = dataFile(
  'problems.csv',
  [Buffer.from('problem,answer,id\n"What is\n2 + 2?",4,a\n"He said ""3""",3,b\nHalf of 12?,6,c\n')],
  damageText,
)

export const rollouts: MakeFormat = (directory) => {
  const path = join(directory, 'rollouts/step-000001.parquet')
  const runs = 'test/fixtures/runs/before'
  return {
    seeds: ['grpo', 'ppo'].map((run) => readFileSync(join(runs, run, 'rollouts/step-000001.parquet'))),
    damage: damageBytes,
    async read(file) {
      writeFileSync(path, file)
      await readSamples(directory, { files: 1, maxTokens: 600 }, [])
      await readRolloutRows(path)
    },
  }
}

/** Whatever stands on standard input, a command says what is wrong in the usual way. */
const gradeLines = jsonLines(
  { response: 'So it is \\boxed{\\frac{1}{2}}.', answer: '0.5' },
  { response: '#### 1,234', answer: 1234 },
  { response: '<think>3</think> The answer is $x \\in [0, 1)$.', answer: '0 \\le x < 1' },
)

export const grade: MakeFormat = () => ({
  seeds: [gradeLines],
  damage: damageJsonLines,
  read: (file) => runCommand(gradeCommand, ['grade'], inputOf(file)),
})

const scoreInputs = jsonLines({ tokens: [1, 5, 9, 3] }, { prompt: '2 + 2 =', completion: ' 4' })

export const score: MakeFormat = async (directory) => {
  const entry = new URL('../../../dist/rollout/worker.js', import.meta.url).href
  const opened = await openModelThread(writeTinyModel(directory), entry, { dtype: 'float64', threads: 1 })
  const measure = (_: string, inputs: Parameters<typeof scoreLines>[1], options?: ScoreOptions) =>
    scoreLines(opened, inputs, options)
  return {
    seeds: [scoreInputs],
    damage: damageJsonLines,
    read: (file) => runCommand((io) => scoreCommand(io, measure), ['score', '--model', directory], inputOf(file)),
    close: () => opened.thread.close(),
  }
}

function inputOf(file: Buffer) {
  const io = fakeIo()
  return { ...io, stdin: fakeIo(file.toString('latin1')).stdin }
}
