import { describe, expect, it } from 'vitest'
import type { Completion } from '../rollout/types.js'
import { BatchCollector } from './dynamic-sampling.js'
import { type Graded, rolloutsOf } from './graded.js'
import type { Credit } from './ppo/credit.js'

const graded = (prompt: number, reward: number) =>
  Object.freeze({
    promptId: `p${prompt}`,
    reward,
    completion: Object.freeze({ prompt, sample: 0, tokens: Int32Array.of(1, 2) } as Completion),
  }) as unknown as Graded
const item = ({ completion }: Graded, advantage: number[]) => ({
  group: completion.prompt,
  prompt: Int32Array.of(9),
  completion,
  advantage: Float32Array.from(advantage),
  counts: true,
})

describe('graded completions', () => {
  // Frozen: whatever assigned to one would throw.
  const batch = [graded(0, 1), graded(0, 0)]

  it('become rollouts without being changed', () => {
    const mask = Uint8Array.of(1, 0)
    const items = [item(batch[0], [0.5, 0.5]), item(batch[1], [-0.5, -0.5])]
    const rollouts = rolloutsOf(batch, { items, advantages: [0.5, -0.5], masks: [mask] })
    expect(rollouts).toMatchObject([
      { promptId: 'p0', reward: 1, advantage: 0.5, gradMask: mask, promptTokens: Int32Array.of(9) },
      { advantage: -0.5, gradMask: Uint8Array.of(0, 0) },
    ])
    expect(rollouts[0]).not.toHaveProperty('tokenCredit')
  })

  it('have the mean of their tokens’ advantages under a critic', () => {
    const items = [item(batch[0], [1, 2]), item(batch[1], [0, 0])]
    const values = [Float32Array.of(3, 4), undefined]
    const credit = { advantages: [], values, returns: values, metrics: {}, seconds: 0 } as Credit
    const rollouts = rolloutsOf(batch, { items, credit, masks: [] })
    expect(rollouts[0]).toMatchObject({
      advantage: 1.5,
      tokenCredit: { advantages: items[0].advantage, values: values[0] },
    })
    expect(rollouts[1]!.tokenCredit).toEqual({ advantages: items[1].advantage })
  })

  it('are numbered by their place in the batch, each in a copy', () => {
    const collector = new BatchCollector({ promptsPerStep: 1, dynamicSampling: { maxTries: 1 } })
    const statistics = { promptTokens: 1, completionTokens: 4, seconds: 1, edgeDraws: 0 }
    const round = (graded: Graded[]) => ({ prompts: [{ tokens: Int32Array.of(9) }], graded, statistics })
    collector.add(round([graded(0, 1), graded(0, 1)]))
    const second = [graded(0, 1), graded(0, 0)]
    collector.add(round(second))
    expect(collector.batch().graded.map(({ completion }) => completion.prompt)).toEqual([0, 0])
    expect(collector.batch().graded[0]!.completion).not.toBe(second[0]!.completion)
  })
})
