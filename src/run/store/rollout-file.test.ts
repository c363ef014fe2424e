import { parquetMetadata, parquetReadObjects, parquetSchema } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { fakeCompletion } from '../../../test/fake-run.js'
import { rolloutParquet } from './rollout-file.js'

function buffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer
}

describe('rolloutParquet', () => {
  it('has the columns and types that other tools read', () => {
    const { children } = parquetSchema(parquetMetadata(buffer(rolloutParquet([fakeCompletion([1])], 1))))
    const columns = children.map((column) => {
      const leaf = column.children[0]?.children[0]?.element
      const type = leaf ? `list of ${leaf.type}` : (column.element.converted_type ?? column.element.type)
      return `${column.element.name}: ${type}`
    })
    expect(columns).toEqual([
      'step: INT32',
      'prompt_id: UTF8',
      'sample: INT32',
      'prompt: UTF8',
      'completion: UTF8',
      'answer: UTF8',
      'tokens: list of INT32',
      'reward: DOUBLE',
      'advantage: DOUBLE',
      'logprob: list of FLOAT',
      'entropy: list of FLOAT',
      'sum_p2: list of FLOAT',
      'sum_p2_log_p: list of FLOAT',
      's: list of FLOAT',
      'expected_s: list of FLOAT',
      'sum_s2: list of FLOAT',
      'prompt_tokens: list of INT32',
      'grad_mask: list of BOOLEAN',
      'finish: UTF8',
      'length: INT32',
    ])
  })

  it('gives back what was written: float32 exactly, empty lists, a missing answer, any text', async () => {
    const third = Math.fround(1 / 3)
    const odd = fakeCompletion([third, -1e-30, Math.fround(1e30)])
    const empty = fakeCompletion([], -0.25)
    const { answer: _, ...unanswered } = empty.example
    const rows = [
      {
        ...odd,
        promptTokens: Int32Array.of(7, 9),
        promptText: 'π ≠ 22/7 "quoted"\n',
        completionText: '\u0000\u{1F600}',
      },
      { ...empty, example: { ...unanswered } },
    ]
    const read = await parquetReadObjects({ file: buffer(rolloutParquet(rows, 12)) })
    expect(read).toEqual([
      {
        step: 12,
        prompt_id: 'p-1',
        sample: 0,
        prompt: 'π ≠ 22/7 "quoted"\n',
        completion: '\u0000\u{1F600}',
        answer: '4',
        tokens: [0, 1, 2],
        reward: 1,
        advantage: 0.5,
        logprob: [third, Math.fround(-1e-30), Math.fround(1e30)],
        entropy: [third, Math.fround(-1e-30), Math.fround(1e30)],
        sum_p2: [third, Math.fround(-1e-30), Math.fround(1e30)],
        sum_p2_log_p: [third, Math.fround(-1e-30), Math.fround(1e30)],
        s: [third, Math.fround(-1e-30), Math.fround(1e30)],
        expected_s: [third, Math.fround(-1e-30), Math.fround(1e30)],
        sum_s2: [third, Math.fround(-1e-30), Math.fround(1e30)],
        prompt_tokens: [7, 9],
        grad_mask: [false, true, false],
        finish: 'stop',
        length: 3,
      },
      expect.objectContaining({ answer: null, tokens: [], grad_mask: [], reward: -0.25 }),
    ])
  })

  it('has what a critic says of every token, where there is one', async () => {
    const credited = fakeCompletion([1, 2])
    const tokenCredit = {
      advantages: Float32Array.of(0.5, -1),
      values: Float32Array.of(0.25, 0.75),
      returns: Float32Array.of(1, 2),
    }
    const left = { advantages: Float32Array.of(0, 0) }
    const rows = [
      { ...credited, tokenCredit },
      { ...credited, tokenCredit: left },
    ]
    const read = await parquetReadObjects({ file: buffer(rolloutParquet(rows, 1)) })
    expect(read).toEqual([
      expect.objectContaining({ advantages: [0.5, -1], value: [0.25, 0.75], return: [1, 2] }),
      expect.objectContaining({ advantages: [0, 0], value: [Number.NaN, Number.NaN] }),
    ])
  })

  it('has the verdict and the parts of the reward behind all others, where there are any', async () => {
    const rewardParts = { task: 1, './judge.ts': -0.25 }
    const judged = { ...fakeCompletion([1, 2]), correct: true, rewardParts }
    const bytes = buffer(
      rolloutParquet([judged, { ...judged, correct: false, rewardParts: { ...rewardParts, task: 0 } }], 1),
    )
    const names = parquetSchema(parquetMetadata(bytes)).children.map(({ element }) => element.name)
    expect(names.slice(-4)).toEqual(['finish', 'correct', 'length', 'reward_parts'])
    expect(await parquetReadObjects({ file: bytes, columns: ['correct', 'length', 'reward_parts'] })).toEqual([
      { correct: true, length: 2, reward_parts: { task: 1, './judge.ts': -0.25 } },
      { correct: false, length: 2, reward_parts: { task: 0, './judge.ts': -0.25 } },
    ])
    const { correct: _, ...unjudged } = judged
    const mixed = buffer(rolloutParquet([judged, unjudged], 1))
    expect(await parquetReadObjects({ file: mixed, columns: ['correct'] })).toEqual([
      { correct: true },
      { correct: null },
    ])
  })

  it('keeps not-a-number and infinity apart', async () => {
    const [row] = await parquetReadObjects({
      file: buffer(rolloutParquet([fakeCompletion([Number.NaN, -Infinity])], 1)),
    })
    expect(row.logprob).toEqual([Number.NaN, -Infinity])
  })
})
