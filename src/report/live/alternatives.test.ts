/** What else a policy might have said, against `score` and the recorded rollouts. The thread loads compiled files: build first. */
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { afterAll, describe, expect, it } from 'vitest'
import { openAlternatives } from '../../rollout/alternatives-model.js'
import { score } from '../../rollout/index.js'
import { AlternativesDesk, policyOf } from './alternatives.js'

const run = 'test/fixtures/runs/before/grpo'
const checkpoint = `${run}/checkpoints/step-000002/model`
const desk = new AlternativesDesk()
afterAll(() => desk.close())

describe('alternatives', () => {
  it('are a distribution over the vocabulary, likeliest first, in which the sampled token is as likely as score says', async () => {
    const tokens = [5, 9, 3, 7, 12, 4]
    const model = await openAlternatives(checkpoint)
    const { vocabSize } = model.model.config
    const { ids, logprob, count } = await model.ask({ tokens, from: 2, temperature: 0.7, count: vocabSize })
    await model.close()
    expect(count).toBe(vocabSize)
    const scored = score(checkpoint, [{ tokens }], { threads: 1, temperature: 0.7 })
    const { logprobs } = (await scored.next()).value!
    for (let at = 0; at < tokens.length - 2; at++) {
      const row = [...logprob.subarray(at * count, (at + 1) * count)]
      expect(row.reduce((sum, value) => sum + Math.exp(value), 0)).toBeCloseTo(1, 5)
      expect(row).toEqual([...row].sort((a, b) => b - a))
      const place = ids.subarray(at * count, (at + 1) * count).indexOf(tokens[at + 2]!)
      expect(row[place]).toBeCloseTo(logprobs[at + 2]!, 4)
    }
  })

  it('come from the policy that sampled where it is saved, and say so where it is not', () => {
    expect(policyOf(run, 3, './model')).toMatchObject({ name: 'the checkpoint of step 2', exact: true })
    expect(policyOf(run, 1, './model')).toMatchObject({ name: 'the checkpoint of step 2', exact: false })
    expect(policyOf(run, 1, checkpoint)).toMatchObject({ reference: checkpoint, exact: true })
    expect(() => policyOf('test/fixtures/runs/before', 1, './model')).toThrow('no checkpoint')
  })

  it('are given for one token of a recorded completion', async () => {
    const file = await asyncBufferFromFile(`${run}/rollouts/step-000002.parquet`)
    const [row] = (await parquetReadObjects({ file })) as { tokens: number[]; prompt_tokens?: number[] }[]
    const question = {
      policy: policyOf(run, 3, undefined),
      prompt: row!.prompt_tokens ?? [1, 2, 3],
      completion: row!.tokens,
      temperature: 1,
    }
    const [first, again] = [await desk.at(question, 1), await desk.at(question, 1)]
    expect(first).toHaveLength(10)
    expect(again).toEqual(first)
    expect(first[0]!.logprob).toBeGreaterThan(first[9]!.logprob)
    expect(first.every(({ text }) => typeof text === 'string')).toBe(true)
  })

  it('refuse tokens of another vocabulary, and a completion that is too long', async () => {
    const policy = policyOf(run, 3, undefined)
    await expect(desk.at({ policy, prompt: [1], completion: [1e6], temperature: 1 }, 0)).rejects.toThrow('vocabulary')
    const long = new Array(9000).fill(1)
    await expect(desk.at({ policy, prompt: [1], completion: long, temperature: 1 }, 0)).rejects.toThrow('9000 tokens')
  })
})
