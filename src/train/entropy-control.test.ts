import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { predictStep, scores } from '../entropy/index.js'
import { parseRecipe } from '../recipe/index.js'
import { tokenWeights } from './aggregation.js'
import type { FlatTokens } from './batch.js'
import { type EntropyState, entropyControl } from './entropy-control.js'
import { tokenObjective } from './objective.js'

interface Golden {
  lengths: number[]
  policy: number[]
  advantage: number[]
  tokens: number[]
  rolled: number[][]
  now: number[][]
  cases: { name: string; recipe: object; value: number; gradient: number[][]; predicted: number }[]
}

/** Made by test/golden/methods.py: objectives as losses of the logits, gradients by torch's autograd. */
const golden = JSON.parse(readFileSync(new URL('../../test/fixtures/methods.json', import.meta.url), 'utf8')) as Golden

const starts = golden.lengths.map((_, i) => golden.lengths.slice(0, i).reduce((a, b) => a + b, 0))
const perToken = (values: number[]) =>
  Float64Array.from(golden.lengths.flatMap((length, i) => Array<number>(length).fill(values[i])))
const now = golden.now.map((logits) => scores(logits))
const rolled = golden.rolled.map((logits) => scores(logits))
const pick = (value: (t: number, token: number) => number) =>
  Float64Array.from(golden.tokens, (token, t) => value(t, token))

const tokens: FlatTokens = {
  S: pick((t, token) => now[t].S[token]),
  expectedS: pick((t) => now[t].expectedS),
  sumS2: pick((t) => now[t].sumS2),
  entropy: pick((t) => now[t].entropy),
  logprob: pick((t, token) => now[t].logprobs[token]),
  rolloutLogprob: pick((t, token) => rolled[t].logprobs[token]),
  rolloutEntropy: pick((t) => rolled[t].entropy),
  advantage: perToken(golden.advantage),
  isPolicyToken: Uint8Array.from(perToken(golden.policy)),
  starts,
}
const count = golden.tokens.length
const N = tokens.isPolicyToken.reduce((a, b) => a + b, 0)

const recipeOf = (sections: object) => parseRecipe({ model: 'm', task: { name: 't' }, ...sections })

function controlOf(sections: object, place: { step?: number; update?: number; state?: EntropyState } = {}) {
  const recipe = recipeOf(sections)
  const lengths = golden.lengths.map((length, i) => length * golden.policy[i])
  const weight = perToken(tokenWeights(lengths, recipe.algorithm.aggregation, 99))
  const { step = 3, update = 1, state = {} } = place
  return { weight, control: entropyControl(tokens, recipe, { step, update, weight, rolloutEntropy: 1.1, state }) }
}

describe('the objective of every method', () => {
  it.each(golden.cases.map(({ name, ...rest }) => [name, rest] as const))(
    '%s',
    (_, { recipe, value, gradient, predicted }) => {
      const { control, weight } = controlOf(recipe)
      const { mask, tokenWeight, ratio, rolloutKlCoef, objective } = control
      const g = new Float64Array(count)
      let found = 0
      for (let t = 0; t < count; t++) {
        const token = tokenObjective(
          {
            logprob: tokens.logprob[t],
            rolloutLogprob: tokens.rolloutLogprob[t],
            ratio: ratio?.[t],
            rolloutKlCoef: rolloutKlCoef?.[t],
            advantage: tokens.advantage[t] * (tokenWeight?.[t] ?? 1),
            entropy: tokens.entropy[t],
          },
          objective,
        )
        const bonus = objective.entropyCoef * weight[t]
        found += mask[t] ? weight[t] * token.value : bonus * tokens.entropy[t]
        g[t] = token.slope * weight[t] * N
        // On the logits: the slope acts along e_k - p, the bonus along dH/dz = -S.
        const slope = mask[t] ? token.slope * weight[t] : 0
        now[t].logprobs.forEach((logprob, i) => {
          const expected = slope * (Number(i === golden.tokens[t]) - Math.exp(logprob)) - bonus * now[t].S[i]
          expect(expected).toBeCloseTo(gradient[t][i], 12)
        })
      }
      expect(found).toBeCloseTo(value, 12)
      const step = predictStep({ ...tokens, g, mask, weight }, { entropyCoef: objective.entropyCoef })
      expect(step.dH).toBeCloseTo(predicted, 12)
    },
  )

  it('has cases in which it differs from plain PPO', () => {
    const [plain, ...others] = golden.cases
    for (const { name, predicted } of others) expect([name, predicted]).not.toEqual([name, plain.predicted])
  })
})

describe('on a batch’s first update', () => {
  const fresh = { ...tokens, rolloutLogprob: tokens.logprob }
  it.each(['ppo-clip', 'dual-clip', 'cispo', 'gspo', 'kl-cov'])('%s trains as none does', (method) => {
    const run = (name: string) => {
      const recipe = recipeOf({ entropy: { method: name } })
      const weight = new Float64Array(count).fill(1 / N)
      const control = entropyControl(fresh, recipe, { step: 1, update: 0, weight, rolloutEntropy: 1, state: {} })
      const slopes = Array.from(fresh.logprob, (logprob, t) => {
        const token = { logprob, rolloutLogprob: logprob, entropy: 1, advantage: fresh.advantage[t] }
        const more = { ratio: control.ratio?.[t], rolloutKlCoef: control.rolloutKlCoef?.[t] }
        return tokenObjective({ ...token, ...more }, control.objective).slope
      })
      return { slopes, mask: control.mask }
    }
    expect(run(method)).toEqual(run('none'))
  })
})

describe('adaptive entropy', () => {
  const entropy = { method: 'adaptive-entropy', adaptive: { target: 1.1, delta: 0.25, start: 0.5, max: 0.75 } }

  it('moves its coefficient once per batch of rollouts and keeps it for later updates', () => {
    // The batch's mean entropy is 1.1 (controlOf), at the target: the bonus acts, and its coefficient falls.
    const first = controlOf({ entropy }, { update: 0 }).control
    expect(first.objective.entropyCoef).toBe(0.5)
    expect(first.metrics).toEqual({ entropy_coef: 0.5 })
    const second = controlOf({ entropy }, { update: 1, state: first.state }).control
    expect(second.objective.entropyCoef).toBe(0.5)
    const next = controlOf({ entropy }, { step: 4, update: 0, state: second.state }).control
    expect(next.objective.entropyCoef).toBe(0.25)
  })

  it('goes on from a state that went through JSON', () => {
    const { state } = controlOf({ entropy }, { update: 0 }).control
    const saved = JSON.parse(JSON.stringify({ ...state, other: 1 })) as EntropyState
    const next = controlOf({ entropy }, { update: 0, state: saved }).control
    expect(next.objective.entropyCoef).toBe(0.25)
    expect(next.state).toMatchObject({ other: 1 })
  })
})

describe('a batch that cannot be judged', () => {
  it.each([
    ['high-entropy', 'entropy'],
    ['prob-weight', 'logprob'],
    ['clip-cov', 'advantage'],
    ['kl-cov', 'logprob'],
    ['gspo', 'rolloutLogprob'],
  ] as const)('%s throws where %s is not finite, and names the token', (method, name) => {
    const broken = { ...tokens, [name]: tokens[name].map((value, t) => (t === 4 ? Number.NaN : value)) }
    const recipe = recipeOf({ entropy: { method } })
    const context = { step: 1, update: 1, weight: new Float64Array(count), rolloutEntropy: 1, state: {} }
    expect(() => entropyControl(broken, recipe, context)).toThrow(`${name} of token 4 is NaN`)
    // A token that is not the policy's is never looked at.
    const outside = { ...tokens, [name]: tokens[name].map((value, t) => (t === count - 1 ? Number.NaN : value)) }
    expect(() => entropyControl(outside, recipe, context)).not.toThrow()
  })
})
