/** For tests: a policy and a critic in this thread behind the parts of a backend that PPO's step needs. */

import { copyDecoder } from '../../src/model/copy.js'
import { type ScoreGroup, scoreCompletions } from '../../src/rollout/scoring.js'
import { copyInto, fromData, noGrad, scope } from '../../src/torch/index.js'
import type { Backend } from '../../src/train/backend.js'
import type { TrainItem } from '../../src/train/batch.js'
import { Critic } from '../../src/train/local/critic.js'
import { Learner } from '../../src/train/local/learner.js'
import type { CriticTrunk } from '../../src/train/ppo/section.js'
import { loadTiny } from './models.js'

export function policyAndCritic(name: string, trunk: CriticTrunk) {
  const model = loadTiny(name)
  const learner = new Learner(model)
  const base = copyDecoder(model, { head: false })
  const critic = new Critic(base, trunk)
  const backend = {
    score: async (groups: ScoreGroup[], options: { temperature: number; tokenBudget: number }) =>
      scoreCompletions(model, groups, options),
    update: async (...given: Parameters<Learner['update']>) => learner.update(...given),
    critic: {
      open: async () => {},
      values: async (...given: Parameters<Critic['values']>) => critic.values(...given),
      update: async (...given: Parameters<Critic['update']>) => critic.update(...given),
    },
  } as unknown as Backend
  return {
    backend,
    model,
    critic,
    setHead(values: Record<string, number[] | number[][]>) {
      for (const { name: key, value } of critic.parameters().slice(-2)) {
        const data = Float32Array.from(values[key].flat())
        noGrad(() => scope(() => copyInto(value, fromData(data, value.shape))))
      }
    },
    dispose() {
      learner.dispose()
      critic.dispose()
      if (trunk === 'frozen') base.dispose()
      model.dispose()
    },
  }
}

/** A rollout whose entropy statistics are beside the point. */
export function itemOf(fields: {
  group: number
  sample: number
  prompt: number[]
  tokens: number[]
  counts: boolean
  rolloutLogprob: number[]
  referenceLogprob?: number[]
}): TrainItem {
  const { group, sample, prompt, tokens, counts, rolloutLogprob, referenceLogprob } = fields
  const zeros = () => new Float32Array(tokens.length)
  return {
    group,
    prompt: Int32Array.from(prompt),
    completion: {
      prompt: group,
      sample,
      tokens: Int32Array.from(tokens),
      finish: 'stop',
      logprob: Float32Array.from(rolloutLogprob),
      entropy: zeros(),
      sumP2: zeros(),
      sumP2LogP: zeros(),
      S: zeros(),
      expectedS: zeros(),
      sumS2: zeros(),
    },
    advantage: zeros(),
    counts,
    ...(referenceLogprob ? { referenceLogprob: Float32Array.from(referenceLogprob) } : {}),
  }
}
