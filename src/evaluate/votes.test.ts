import { describe, expect, it } from 'vitest'
import type { Response } from './respond.js'
import { votesOf } from './votes.js'

const responses = (answers: [extracted: string | null | undefined, correct?: boolean][]): Response[] =>
  answers.map(([extracted, correct = false], sample) => ({
    sample,
    completion: '',
    length: 1,
    finish: 'stop',
    correct,
    reward: Number(correct),
    ...(extracted === undefined ? {} : { extracted }),
    logprob: 0,
    entropy: 0,
  }))

const answersOf = (votes: ReturnType<typeof votesOf>) => votes?.map(({ answer }) => answer)

describe('votesOf', () => {
  it('puts answers of one meaning together: the right ones, and wrong ones that are equivalent', () => {
    const votes = votesOf(responses([['1/2', true], ['0.5', true], ['3'], ['6/2'], ['4'], [null]]), 'math')
    const answers = answersOf(votes)!
    expect(answers[0]).toBe(answers[1])
    expect(answers.slice(2)).toEqual(['3', '3', '4', null])
    expect(answers[0]).not.toBe('3')
  })

  it('compares as text under the other rules, and very long answers under any', () => {
    expect(answersOf(votesOf(responses([['3'], ['6/2']]), 'exact'))).toEqual(['3', '6/2'])
    const long = '1+'.repeat(100)
    expect(answersOf(votesOf(responses([[`${long}1`], [`${long}1`], [`${long}0+1`]]), 'math'))).toEqual([
      `${long}1`,
      `${long}1`,
      `${long}0+1`,
    ])
  })

  it('is nothing where no grader tells an answer', () => {
    expect(votesOf(responses([[undefined, true], [undefined]]), 'math')).toBeUndefined()
  })
})
