import { describe, expect, it } from 'vitest'
import { rngFrom } from '../base/philox.js'
import { initialTargetState, predictStep, wantedChange } from '../entropy/index.js'
import { parseRecipe } from '../recipe/index.js'
import type { RecipeInput } from '../recipe/input.js'
import type { FlatTokens } from './batch.js'
import { type EntropyState, entropyControl } from './entropy-control.js'

const N = 200
const random = rngFrom(3)
const values = (low: number, high: number) => Float64Array.from({ length: N }, () => low + (high - low) * random())
const tokens: FlatTokens = {
  S: values(-0.4, 0.3),
  expectedS: values(0, 0.15),
  advantage: values(-1.5, 1.5).map((a, t) => (t % 10 === 0 ? 0 : a)),
  isPolicyToken: Uint8Array.from({ length: N }, (_, t) => (t % 9 === 4 ? 0 : 1)),
  sumS2: values(0, 0.1),
  entropy: values(0, 2),
  logprob: values(-2, -0.1),
  rolloutLogprob: new Float64Array(N),
  rolloutEntropy: new Float64Array(N),
  starts: [0],
}
tokens.rolloutLogprob.set(tokens.logprob)
const policyTokens = tokens.isPolicyToken.reduce((n, flag) => n + flag, 0)
const weight = new Float64Array(N).fill(1 / policyTokens)

const recipeOf = (entropy: RecipeInput['entropy'], rest: Partial<RecipeInput> = {}) =>
  parseRecipe({ model: 'm', task: { name: 't' }, ...rest, entropy })
const control = (
  entropy: RecipeInput['entropy'],
  { update = 0, rolloutEntropy = 1, step = 1, state = {} as EntropyState, rest = {}, batch = tokens } = {},
) => entropyControl(batch, recipeOf(entropy, rest), { step, update, weight, rolloutEntropy, state })

describe('entropy.target', () => {
  it.each([
    ['clip-v', 1.3],
    ['clip-v', 0.7],
    ['clip-b', 1.3],
    ['clip-b', 0.7],
  ] as const)('%s towards %f nats: keeps what is wanted, by two bounds on its score', (method, target) => {
    const { mask, metrics, maskedLow, maskedHigh } = control({ method, target })
    const wanted = wantedChange({ ...initialTargetState(), entropy: 1 }, { target, beta: 0.9, updatesPerStep: 1 })
    expect(metrics).toMatchObject({ entropy_target: target, setpoint_wanted_dH: wanted, setpoint_short: 0 })
    const { kept, masked } = predictStep({ ...tokens, mask, weight })
    const unmasked = kept + masked
    // As near as whole tokens allow: the largest has an effect of 1.5 x 0.55 / N.
    expect(Math.abs(kept - wanted)).toBeLessThan(0.83 / policyTokens)
    expect(Math.abs(kept - wanted)).toBeLessThan(Math.abs(unmasked - wanted))
    const lift = wanted > unmasked
    tokens.S.forEach((S, t) => {
      const effect = -tokens.advantage[t] * (S - tokens.expectedS[t])
      const score = method === 'clip-b' ? S : S - tokens.expectedS[t]
      const outside = score < metrics.setpoint_low || score > metrics.setpoint_high
      const opposes = lift ? effect < 0 : effect > 0
      expect(mask[t]).toBe(tokens.isPolicyToken[t] && !(outside && opposes) ? 1 : 0)
    })
    const count = policyTokens - mask.reduce((n, flag) => n + flag, 0)
    expect(maskedLow + maskedHigh).toBe(count)
    expect(count).toBeGreaterThan(3)
  })

  it('masks no more than its share, and says after ten updates that the target is out of reach', () => {
    const eligible = tokens.advantage.reduce((n, a, t) => n + (a !== 0 && tokens.isPolicyToken[t] ? 1 : 0), 0)
    const warnings: string[] = []
    let state: EntropyState = {}
    for (let step = 1; step <= 25; step++) {
      const result = control({ method: 'clip-v', target: 5, maxFraction: 0.1 }, { step, state })
      expect(policyTokens - result.mask.reduce((n, flag) => n + flag, 0)).toBe(Math.floor(0.1 * eligible))
      expect(result.metrics.setpoint_short).toBe(1)
      warnings.push(...(result.warnings ?? []).map((text) => `${step}: ${text}`))
      state = result.state
    }
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/^10: the entropy target of 5.00 nats is out of reach .* would lower entropy/)
  })

  it('sees a batch’s entropy once, at its first update', () => {
    const first = control({ method: 'clip-v', target: 0.8 })
    const second = control({ method: 'clip-v', target: 0.8 }, { update: 1, rolloutEntropy: 9, state: first.state })
    expect(second.state.setpoint).toMatchObject({ entropy: 1, last: 1, updates: 2 })
    const next = control({ method: 'clip-v', target: 0.8 }, { step: 2, rolloutEntropy: 0.9, state: second.state })
    expect(next.state.setpoint).toMatchObject({ last: 0.9, updates: 3 })
  })

  it('follows a schedule', () => {
    const target = { from: 1, to: 0.5, steps: 11 }
    expect(control({ method: 'clip-v', target }, { step: 6 }).metrics.entropy_target).toBe(0.75)
  })

  it('leaves to another method what it masks, and counts its entropy bonus', () => {
    const both = control({ method: ['clip-v', 'high-entropy'], target: 1.1 })
    const alone = control({ method: 'high-entropy' })
    both.mask.forEach((flag, t) => {
      if (!alone.mask[t]) expect(flag).toBe(0)
    })
    const bonus = { algorithm: { entropyCoef: 0.5 } }
    const { mask } = control({ method: 'clip-v', target: 1.1 }, { rest: bonus })
    const { dH } = predictStep({ ...tokens, mask, weight }, { entropyCoef: 0.5 })
    // 0.1 nats in 10 steps.
    expect(Math.abs(dH - 0.01)).toBeLessThan(0.83 / policyTokens)
  })

  it('has nothing to mask in a batch without advantages', () => {
    const batch = { ...tokens, advantage: new Float64Array(N) }
    const { mask, metrics } = control({ method: 'clip-v', target: 0.5 }, { batch })
    expect([...mask]).toEqual([...tokens.isPolicyToken])
    expect(metrics).not.toHaveProperty('setpoint_mu')
    expect(metrics.setpoint_short).toBe(1)
  })
})
