import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExampleOrder } from './order.js'

const counts = fc.integer({ min: 1, max: 50 })
const seeds = fc.integer({ min: 0, max: 2 ** 31 })

describe('the order of examples', () => {
  it('is a permutation in every epoch', () => {
    fc.assert(
      fc.property(counts, seeds, fc.integer({ min: 0, max: 4 }), (count, seed, epoch) => {
        const indices = new ExampleOrder(count, seed).slice(epoch * count, (epoch + 1) * count)
        expect(indices.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
      }),
    )
  })

  it('is the same from any position, and across the end of an epoch', () => {
    fc.assert(
      fc.property(counts, seeds, fc.nat(120), fc.nat(60), (count, seed, from, length) => {
        const whole = new ExampleOrder(count, seed).slice(0, from + length)
        expect(new ExampleOrder(count, seed).slice(from, from + length)).toEqual(whole.slice(from))
      }),
    )
  })

  it('is another one in another epoch and for another seed', () => {
    const order = (seed: number, epoch: number) => new ExampleOrder(50, seed).slice(50 * epoch, 50 * (epoch + 1))
    expect(order(0, 0)).not.toEqual(order(0, 1))
    expect(order(0, 0)).not.toEqual(order(1, 0))
  })
})
