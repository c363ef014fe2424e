import { describe, expect, it } from 'vitest'
import { fakeRecipe } from '../../../test/fake-run.js'
import type { RolloutRow } from '../../run/store/rollout-rows.js'
import { batchOf } from './batch.js'

const recipe = fakeRecipe({ algorithm: { maskTruncated: true }, rollout: { maxNewTokens: 3 } })

function row(length: number, changes: Partial<RolloutRow>): RolloutRow {
  const zeros = new Float64Array(length)
  return {
    step: 1,
    promptId: 'p',
    sample: 0,
    prompt: '',
    tokens: new Int32Array(length),
    reward: 0,
    advantage: zeros,
    logprob: zeros,
    entropy: zeros,
    S: zeros,
    expectedS: zeros,
    gradMask: [],
    ...changes,
  }
}

const masked = (length: number) => ({ gradMask: new Array<boolean>(length).fill(false) })
const policyTokens = (rows: RolloutRow[], given = recipe) => [...batchOf(1, rows, given, undefined).isPolicyToken]

describe('the batch of a step under maskTruncated', () => {
  it('leaves out what was cut, not what a method masks', () => {
    const rows = [
      row(2, { ...masked(2), finish: 'stop' }),
      row(3, { ...masked(3), finish: 'stop' }),
      row(3, { ...masked(3), finish: 'length' }),
    ]
    expect(policyTokens(rows)).toEqual([1, 1, 1, 1, 1, 0, 0, 0])
    // A token mean over the five that count.
    expect(batchOf(1, rows, recipe, undefined).weight[0]).toBeCloseTo(1 / 5, 15)
    const keeping = fakeRecipe({ rollout: { maxNewTokens: 3 } })
    expect(policyTokens(rows, keeping)).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
  })

  it('reads files that do not say how a completion ended', () => {
    expect(policyTokens([row(2, masked(2)), row(3, masked(3)), row(3, { gradMask: [false, true, false] })])).toEqual([
      1, 1, 0, 0, 0, 1, 1, 1,
    ])
    // A step in which the critic alone is trained masks everything; the critic valued what counts.
    expect(policyTokens([row(3, { ...masked(3), valued: true }), row(3, { ...masked(3), valued: false })])).toEqual([
      1, 1, 1, 0, 0, 0,
    ])
  })
})
