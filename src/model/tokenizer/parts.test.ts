import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../base/errors.js'
import type { JsonObject } from '../json.js'
import { createPipeline, type Pipeline } from './pipeline.js'

// test/golden/make_tokenizer_parts.py writes it: random tokenizers with what the tokenizers library makes of random texts.
const path = process.env.ISENTROPE_TOKENIZER_PARTS ?? 'test/fixtures/tokenizer-parts.json'

interface Case {
  text?: string
  ids?: number[]
  bare?: number[]
  decoded?: string
  skipped?: string
  error?: true
}
interface Group {
  what: string
  tokenizer: JsonObject & { model: JsonObject }
  cases: Case[]
}

const bytes = Object.fromEntries(
  Array.from({ length: 256 }, (_, byte) => [`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, byte]),
)
const groups = (JSON.parse(readFileSync(path, 'utf8')) as Group[]).map(({ tokenizer, ...group }) => {
  const { model } = tokenizer
  return { ...group, tokenizer: { ...tokenizer, model: model.vocab === 'bytes' ? { ...model, vocab: bytes } : model } }
})

/** What a case gives, in the form of the fixture. */
function run(pipeline: Pipeline, { text, ids, decoded }: Case): Case {
  const made: Case = {}
  try {
    if (text !== undefined) {
      made.ids = pipeline.encode(text, true)
      made.bare = pipeline.encode(text, false)
    }
    if (decoded !== undefined) {
      made.decoded = pipeline.decode(made.ids ?? ids!, false)
      made.skipped = pipeline.decode(made.ids ?? ids!, true)
    }
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    return { error: true }
  }
  return made
}

describe.each(['normalizer', 'pre-tokenizer', 'model', 'decoder', 'whole'])('every %s of a tokenizer.json', (what) => {
  it('gives what the library gives, or is refused by name', () => {
    let [refused, declined, same] = [0, 0, 0]
    for (const { tokenizer, cases } of groups.filter((group) => group.what === what)) {
      let pipeline: Pipeline
      try {
        pipeline = createPipeline(tokenizer, 't.json')
      } catch (error) {
        expect(error, JSON.stringify(tokenizer).slice(0, 2000)).toBeInstanceOf(UserError)
        expect((error as Error).message).toMatch(/is not supported$|which is not supported|^t.json: its pre-tokenizer/)
        refused++
        continue
      }
      for (const given of cases) {
        const made = run(pipeline, given)
        // A character that has no token is left out by the library, and refused here.
        if (made.error && given.ids !== undefined) {
          declined++
          continue
        }
        const { text, ...expected } = given
        if (text === undefined) delete expected.ids
        const { model: _, ...parts } = tokenizer
        expect(made, `${JSON.stringify(text ?? given.ids)} by ${JSON.stringify(parts)}`).toEqual(expected)
        same++
      }
    }
    if (process.env.ISENTROPE_TOKENIZER_PARTS) {
      console.log(`${what}: ${same} cases the same, ${declined} declined, ${refused} tokenizers refused by name`)
    }
    // Each group has 10 cases; few are refused.
    expect(10 * refused + declined, `${same} are the same`).toBeLessThan(same / 2)
  })
})
