import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rngFrom } from '../base/philox.js'
import { applied, initialTargetState, observe, type TargetState, wantedChange } from './target-controller.js'

const beta = 0.9

interface Plant {
  /** Nats per step of a running mean of 1. */
  gain: number
  start: number
  target: number
  noise?: number
  drift?: number
  /** What masking can reach. */
  reach?: [number, number]
  steps?: number
  updatesPerStep?: number
}

/** A policy whose entropy follows the running mean of the kept predictions, as under Adam. */
function simulate({ gain, start, target, noise = 0, drift = 0, reach = [-0.03, 0.03], steps = 200, ...rest }: Plant) {
  const { updatesPerStep = 1 } = rest
  const random = rngFrom(7)
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  let [entropy, mean, count] = [start, 0, 0]
  let state: TargetState = initialTargetState()
  const trace: number[] = []
  for (let step = 0; step < steps; step++) {
    state = observe(state, entropy + noise * gauss())
    for (let update = 0; update < updatesPerStep; update++) {
      const wanted = wantedChange(state, { target, beta, updatesPerStep })
      const kept = Math.min(reach[1], Math.max(reach[0], wanted))
      state = applied(state, { kept, beta, short: kept !== wanted })
      mean = beta * mean + (1 - beta) * kept
      entropy += (gain * mean) / (1 - beta ** ++count)
    }
    entropy = Math.max(0, entropy + drift)
    trace.push(entropy)
  }
  return { state, trace, end: trace.slice(-50) }
}

const largest = (values: number[], target: number) => Math.max(...values.map((value) => Math.abs(value - target)))

describe('the target controller on a simulated policy', () => {
  it.each([
    ['from above', 0.8, 0.4],
    ['from below', 0.3, 0.7],
  ])('%s: reaches the target and stays', (_, start, target) => {
    for (const gain of [0.5, 1, 3, 10]) {
      const { end, trace } = simulate({ gain, start, target })
      expect(largest(end, target)).toBeLessThan(0.02)
      // It swings past the target by less than half of the way, though the gain be ten times the prior's.
      const beyond = trace.map((value) => (start > target ? target - value : value - target))
      expect(Math.max(...beyond)).toBeLessThan(0.2)
    }
  })

  it('stays within the noise of the measurement', () => {
    for (const gain of [0.5, 1, 3]) {
      const { end } = simulate({ gain, start: 0.6, target: 0.5, noise: 0.05 })
      expect(largest(end, 0.5)).toBeLessThan(0.1)
    }
  })

  it('offsets a drift that no prediction explains', () => {
    for (const drift of [-0.005, 0.005]) {
      const { end } = simulate({ gain: 1, start: 0.6, target: 0.5, drift })
      expect(largest(end, 0.5)).toBeLessThan(0.02)
    }
  })

  it('learns the gain where the changes are clear', () => {
    const { state } = simulate({ gain: 8, start: 2, target: 0.5, reach: [-0.05, 0.05], steps: 12 })
    expect(state.gain).toBeGreaterThan(4)
    expect(state.gain).toBeLessThan(9)
  })

  it('shares a step between several updates', () => {
    const { end } = simulate({ gain: 1, start: 0.8, target: 0.4, updatesPerStep: 4 })
    expect(largest(end, 0.4)).toBeLessThan(0.02)
  })

  it('counts the updates in a row that fell short, and forgets them', () => {
    const { state } = simulate({ gain: 1, start: 2, target: 0.4, reach: [-1e-4, 1e-4], steps: 30 })
    expect(state.short).toBe(30)
    expect(applied(state, { kept: 0, beta, short: false }).short).toBe(0)
  })
})

describe('the controller', () => {
  it('asks for more entropy below the target and for less above it, the more the farther', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 3, noNaN: true }),
        fc.double({ min: 0.05, max: 3, noNaN: true }),
        (entropy, target) => {
          const wanted = wantedChange(observe(initialTargetState(), entropy), { target, beta, updatesPerStep: 1 })
          expect(Math.sign(wanted)).toBe(Math.sign(target - entropy))
          // The prior's gain of 1 and a horizon of 10 steps.
          expect(wanted).toBeCloseTo((target - entropy) / 10, 12)
        },
      ),
    )
  })

  it('goes on from its saved state to the same bits', () => {
    const entropies = Array.from({ length: 40 }, (_, i) => 0.5 + 0.3 * Math.sin(i))
    const walk = (state: TargetState, values: number[]) =>
      values.reduce((current, value) => {
        const seen = observe(current, value)
        const kept = wantedChange(seen, { target: 0.4, beta, updatesPerStep: 1 }) / 3
        return applied(seen, { kept, beta, short: value > 0.6 })
      }, state)
    const saved = JSON.parse(JSON.stringify(walk(initialTargetState(), entropies.slice(0, 17)))) as TargetState
    expect(walk(saved, entropies.slice(17))).toEqual(walk(initialTargetState(), entropies))
  })

  it('keeps finite whatever it sees', () => {
    const numbers = fc.array(fc.double({ min: 0, max: 12, noNaN: true }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(numbers, fc.double({ min: -1, max: 1, noNaN: true }), (entropies, kept) => {
        let state = initialTargetState()
        for (const entropy of entropies) {
          state = applied(observe(state, entropy), { kept, beta, short: false })
        }
        expect(Object.values(state).every(Number.isFinite)).toBe(true)
        expect(state.gain).toBeGreaterThan(0)
        expect(Number.isFinite(wantedChange(state, { target: 1, beta, updatesPerStep: 2 }))).toBe(true)
      }),
    )
  })

  it('needs an entropy first', () => {
    expect(() => wantedChange(initialTargetState(), { target: 1, beta, updatesPerStep: 1 })).toThrow(RangeError)
  })
})
