import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { eachSequence } from '../../../test/each-sequence.js'
import { startTestEngine } from '../../../test/engine.js'
import { rngFrom } from '../../base/philox.js'
import {
  backward,
  cpu,
  fromData,
  gradientOf,
  liveTensors,
  requireGrad,
  scope,
  type Tensor,
  withGrad,
} from '../../torch/index.js'
import type { PackedAttention, PackShape } from './packed.js'
import { PaddedAttention } from './padded.js'
import { VarlenAttention, varlenLayout } from './varlen.js'

beforeAll(startTestEngine)

/** Prompts of 1 to 6 tokens with up to 3 branches of 1 to 6 tokens each. */
const packs = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 3 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map(
    (groups): PackShape => ({
      promptLengths: groups.map(([length]) => length),
      branches: groups.flatMap(([, lengths], prompt) => lengths.map((length) => ({ prompt, length }))),
    }),
  )

describe('the layout of variable lengths', () => {
  it('gives every row its prompt up to itself, and a branch all of its prompt before', () => {
    // Rows: prompts 0..2 and 3, branches 4..5 (of prompt 0), 6 (of prompt 1), 7..8 (of prompt 1).
    const shape = {
      promptLengths: [3, 1],
      branches: [
        { prompt: 0, length: 2 },
        { prompt: 1, length: 1 },
        { prompt: 1, length: 2 },
      ],
    }
    expect(varlenLayout(shape)).toEqual({
      queryStarts: [0, 3, 4, 6, 7, 9],
      keyStarts: [0, 3, 4, 9, 11, 14],
      keyRows: [0, 1, 2, 3, 0, 1, 2, 4, 5, 3, 6, 3, 7, 8],
    })
  })

  it('gathers nothing where there are only prompts', () => {
    expect(varlenLayout({ promptLengths: [2, 4], branches: [] })).toEqual({
      queryStarts: [0, 2, 6],
      keyStarts: [0, 2, 6],
    })
  })

  it('lets each query see exactly the rows that the definition names', () => {
    fc.assert(
      fc.property(packs, (shape) => {
        const { promptLengths, branches } = shape
        const { queryStarts, keyStarts, keyRows } = varlenLayout(shape)
        // By the definition: of a row, the prompt it belongs to or continues, and its own sequence up to itself.
        let row = 0
        const visible: number[][] = []
        const promptRows = promptLengths.map((length) => Array.from({ length }, () => row++))
        for (const rows of promptRows) visible.push(...rows.map((_, i) => rows.slice(0, i + 1)))
        for (const { prompt, length } of branches) {
          const own = Array.from({ length }, () => row++)
          visible.push(...own.map((_, i) => [...promptRows[prompt], ...own.slice(0, i + 1)]))
        }
        // By the layout: a sequence's last query sees all of its keys, the one before it all but the last.
        const seen: number[][] = []
        for (let n = 0; n + 1 < queryStarts.length; n++) {
          const count = queryStarts[n + 1] - queryStarts[n]
          for (let i = 0; i < count; i++) {
            const keys = Array.from(
              { length: keyStarts[n + 1] - keyStarts[n] - (count - 1 - i) },
              (_, j) => keyStarts[n] + j,
            )
            seen.push(keys.map((key) => keyRows?.[key] ?? key))
          }
        }
        expect(seen).toEqual(visible)
        expect(keyStarts.at(-1)).toBe(keyRows?.length ?? row)
      }),
    )
  })
})

describe('attention of variable lengths', () => {
  it.each([
    { heads: 1, kvHeads: 1, headDim: 4 },
    { heads: 6, kvHeads: 2, headDim: 8 },
  ])('gives the padded one: outputs and gradients, $heads heads over $kvHeads', (heads) => {
    fc.assert(
      fc.property(packs, fc.integer({ min: 0, max: 1e6 }), (shape, seed) => {
        const before = liveTensors()
        scope(() => {
          const random = rngFrom(seed)
          const T = [...shape.promptLengths, ...shape.branches.map(({ length }) => length)].reduce((a, b) => a + b)
          const numbers = (...lengths: number[]) =>
            fromData(
              Float64Array.from({ length: lengths.reduce((a, b) => a * b) }, () => 4 * random() - 2),
              lengths,
              { dtype: 'float64' },
            )
          const { kvHeads, headDim } = heads
          const leaves = [heads.heads, kvHeads, kvHeads].map((n) => requireGrad(numbers(T, n, headDim)))
          const seed_T_HD = numbers(T, heads.heads * headDim)
          const outcome = (attention: PackedAttention) => {
            const copies = leaves.map((leaf) => scope(() => requireGrad(copyOf(leaf))))
            const [q, k, v] = copies
            const output = withGrad(() => attention.attend(heads)(0, q, k, v))
            backward(output, copies, seed_T_HD)
            const result = [output, ...copies.map((leaf) => gradientOf(leaf)!)].map((x) => x.toArray())
            attention.dispose()
            return result
          }
          const padded = outcome(new PaddedAttention(shape, cpu))
          const varlen = outcome(new VarlenAttention(shape, cpu, eachSequence()))
          const differences = padded.flatMap((expected, i) =>
            expected.map((value, at) => Math.abs(varlen[i][at] - value)),
          )
          expect(Math.max(...differences)).toBeLessThan(1e-12)
        })
        expect(liveTensors()).toBe(before)
      }),
      { numRuns: 25 },
    )
  })
})

const copyOf = (x: Tensor) => fromData(Float64Array.from(x.toArray()), x.shape, { dtype: 'float64' })
