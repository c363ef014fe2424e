/**
 * The grader against Python's math-verify: agreement and answers per second, on the same pairs, in one run.
 *
 *     npx jiti bench/grading/bench.ts [--python python3] [FILE.jsonl ...]
 *
 * Without files the pairs are the labelled cases of test/grading. A file holds {"response", "answer"} or a benchmark's
 * rows {"problem", "solution", "answer"}: then every solution is graded against its own answer (right) and against the
 * answers of the next two rows (wrong, but where they happen to be equal). Needs `pip install math-verify[antlr4_13_2]`.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { grade } from '../../src/task/math/grade.js'
import { different } from '../../test/grading/different.js'
import { equal } from '../../test/grading/equal.js'

interface Pair {
  response: string
  answer: string
  /** What the verdict should be, where that is known. */
  label?: boolean
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { python: { type: 'string', default: 'python3' } },
})

function labelled(table: typeof equal, label: boolean): Pair[] {
  return Object.values(table).flatMap((groups) =>
    groups.flatMap(([answer, ...forms]) => forms.map((form) => ({ response: `$\\boxed{${form}}$`, answer, label }))),
  )
}

function fromFile(path: string): Pair[] {
  const rows = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  if (typeof rows[0]?.response === 'string') return rows as unknown as Pair[]
  return rows.flatMap((row, i) =>
    [0, 1, 2].map((offset) => ({
      response: String(row.solution ?? row.answer),
      answer: String(rows[(i + offset) % rows.length]!.answer).replace(/^[\s\S]*####\s*/, ''),
      ...(offset === 0 ? { label: true } : {}),
    })),
  )
}

function peer(pairs: readonly Pair[]): { verdicts: boolean[]; seconds: number } {
  const script = join(dirname(fileURLToPath(import.meta.url)), 'peer.py')
  const input = pairs.map(({ response, answer }) => JSON.stringify({ response, answer })).join('\n')
  const { stdout, status, stderr } = spawnSync(values.python, [script], { input, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${values.python} ${script}: ${stderr}`)
  const lines = stdout.trim().split('\n')
  const { seconds } = JSON.parse(lines.pop()!) as { seconds: number }
  return { verdicts: lines.map((line) => JSON.parse(line) as boolean), seconds }
}

function compare(name: string, pairs: readonly Pair[]): void {
  const start = performance.now()
  const ours = pairs.map(({ response, answer }) => grade(response, answer).correct)
  const seconds = (performance.now() - start) / 1000
  const theirs = peer(pairs)
  const count = (test: (i: number) => boolean) => pairs.filter((_, i) => test(i)).length
  const row = (who: string, verdicts: boolean[], time: number) => {
    const accepted = count((i) => pairs[i]!.label === false && verdicts[i]!)
    const refused = count((i) => pairs[i]!.label === true && !verdicts[i]!)
    const rate = (pairs.length / time).toFixed(0)
    console.log(`  ${who.padEnd(12)} wrong accepted ${accepted}, right refused ${refused}, ${rate} answers/s`)
  }
  const agree = count((i) => ours[i] === theirs.verdicts[i])
  console.log(`${name}: ${pairs.length} pairs, agreement ${((100 * agree) / pairs.length).toFixed(1)} %`)
  row('isentrope', ours, seconds)
  row('math-verify', theirs.verdicts, theirs.seconds)
  for (const [i, { response, answer }] of pairs.entries()) {
    if (ours[i] !== theirs.verdicts[i] && process.env.VERBOSE) {
      console.log(`    ${answer} | ${response.slice(-80).replace(/\n/g, ' ')} | isentrope ${ours[i]}`)
    }
  }
}

if (positionals.length === 0) {
  compare('test/grading, right answers', labelled(equal, true))
  compare('test/grading, wrong answers', labelled(different, false))
}
for (const path of positionals) compare(path.split(/[\\/]/).at(-1)!, fromFile(path))
