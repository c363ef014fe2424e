import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { distinctProblems, readProblems } from './problems.js'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'problems-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const distinct = (rows: object[]) => {
  const path = join(directory, 'rows.jsonl')
  writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'))
  return distinctProblems(readProblems(path))
}

describe('the answer of a whole solution', () => {
  it.each([
    ['It is $\\boxed{\\frac{1}{2}}$.', '\\frac{1}{2}'],
    ['First \\boxed{1}, then \\boxed{2}.', '2'],
    ['1 and 1 are\n#### 1,000', '1000'],
    ['\\boxed{3}\n#### 4', '4'],
  ])('of %j is %s', async (solution, answer) => {
    const { problems } = await distinct([{ problem: 'P?', solution }])
    expect(problems[0]).toMatchObject({ answer, solution })
  })

  it.each(['7', '\\frac{1}{2}', '\\boxed{}'])('%j is an answer alone', async (answer) => {
    const { problems } = await distinct([{ problem: 'P?', answer }])
    expect(problems[0]!.answer).toBe(answer)
    expect(problems[0]!.solution).toBeUndefined()
  })
})

describe('distinctProblems', () => {
  // 50\% is 50 to the grader and 0.5 too, and these two differ: whatever comes first, the copies disagree.
  it.each([[['50\\%', '50', '0.5']], [['50', '50\\%', '0.5']], [['0.5', '50', '50\\%']], [['50', '0.5', '50\\%']]])(
    'finds the contradiction of three answers in any order: %j',
    async (answers) => {
      const rows = answers.map((answer) => ({ problem: 'P?', answer }))
      expect(await distinct(rows)).toMatchObject({ problems: [], conflicting: 1 })
    },
  )

  it('takes two solutions with one answer for no contradiction', async () => {
    const rows = [
      { problem: 'P?', solution: 'By hand, $\\boxed{3}$.' },
      { problem: 'P?', solution: 'By machine, $\\boxed{3.0}$.' },
    ]
    expect(await distinct(rows)).toMatchObject({ rows: 2, repeated: 1, conflicting: 0 })
  })

  it('leaves out a problem whose copies disagree', async () => {
    const rows = [
      { problem: 'P?', solution: '$\\boxed{3}$' },
      { problem: 'P?', solution: '$\\boxed{4}$' },
    ]
    expect(await distinct(rows)).toMatchObject({ problems: [], conflicting: 1 })
  })
})
