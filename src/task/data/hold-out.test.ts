import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holdOut } from './hold-out.js'
import { problemKey } from './identity.js'
import { overlaps } from './overlap.js'
import { distinctProblems, type Problem, type ReadProblem } from './problems.js'

const problem = (text: string, answer = '1'): Problem => ({
  key: problemKey(text),
  id: '0',
  prompt: text,
  text,
  answer,
})
async function* rows(texts: readonly (string | [string, string])[]): AsyncGenerator<ReadProblem> {
  for (const each of texts) {
    const [text, answer] = typeof each === 'string' ? [each, '1'] : each
    yield { problem: problem(text, answer), copies: 1 }
  }
}
const numbered = (n: number) => Array.from({ length: n }, (_, i) => `problem number ${i} asks for ${i * i}`)

describe('overlaps', () => {
  const long = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen'

  it('finds equal problems, and those that share 13 words in a row', () => {
    // 15 words are three 13-grams; two of the text with another ending stand in it.
    const other = long.replace('fifteen', 'twenty')
    expect(overlaps([long], [long.toUpperCase(), other, 'something else'])).toEqual([
      { known: 0, other: 0, exact: true, share: 1 },
      { known: 0, other: 1, exact: false, share: 2 / 3 },
    ])
  })

  it('counts the share of the shorter text', () => {
    const longer = `${long} and then many more words that no other problem has in this order at all ever again`
    expect(overlaps([longer], [long])).toEqual([{ known: 0, other: 0, exact: false, share: 1 }])
  })

  it('finds short problems only where they are equal', () => {
    expect(overlaps(['What is 1 + 1?'], ['what is $1+1$?', 'What is 1 + 2?']).map(({ other }) => other)).toEqual([0])
  })
})

describe('distinctProblems', () => {
  it('keeps one spelling of each, whatever the order, and drops contradictions', async () => {
    const given: [string, string][] = [
      ['What is $x$?', '34'],
      ['what is x?', '34.0'],
      ['Other', '1'],
      ['Contradicted', '1'],
      ['contradicted', '2'],
    ]
    const outcome = await distinctProblems(rows(given))
    expect(outcome.problems.map(({ text }) => text).sort()).toEqual(['Other', 'What is $x$?'])
    expect(outcome).toMatchObject({ rows: 5, repeated: 2, conflicting: 1 })
    expect((await distinctProblems(rows(given.toReversed()))).problems).toEqual(outcome.problems)
  })
})

describe('holdOut', () => {
  it('does not depend on the order of the rows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(numbered(40), { minLength: 40 }), async (texts) => {
        const { problems } = await distinctProblems(rows(texts))
        const straight = await distinctProblems(rows(numbered(40)))
        expect(holdOut(problems, 7, 3)).toEqual(holdOut(straight.problems, 7, 3))
      }),
      { numRuns: 10 },
    )
  })

  it('holds out as many as asked, by the seed, and is a partition', () => {
    const problems = numbered(100).map((text) => problem(text))
    const { heldOut, train, near } = holdOut(problems, 20, 0)
    expect(heldOut).toHaveLength(20)
    expect(near).toEqual([])
    expect(new Set([...heldOut, ...train])).toEqual(new Set(problems))
    expect(holdOut(problems, 20, 1).heldOut).not.toEqual(heldOut)
    // A rule that looks at problems one by one: what is held out of more stays held out of fewer.
    const fewer = problems.slice(0, 90)
    const kept = heldOut.filter((each) => fewer.includes(each))
    expect(kept.every((each) => holdOut(fewer, 20, 0).heldOut.includes(each))).toBe(true)
  })

  it('trains on nothing that shares half of its n-grams with what is held out', () => {
    const texts = Array.from({ length: 30 }, (_, i) => {
      const body = Array.from({ length: 20 }, (_, w) => `word${i}x${w}`).join(' ')
      return [`${body} first ending`, `${body} second ending`]
    })
    const problems = texts.flat().map((text) => problem(text))
    const { heldOut, train, near } = holdOut(problems, 10, 0)
    const start = ({ text }: Problem) => text.split(' ')[0]!
    const held = new Set(heldOut.map(start))
    expect(train.filter((each) => held.has(start(each)))).toEqual([])
    expect(heldOut.length + train.length + near.length).toBe(60)
    expect(near.length).toBeGreaterThan(0)
  })
})
