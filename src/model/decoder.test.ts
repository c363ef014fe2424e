import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { cpu, linear, liveTensors, noGrad, scope } from '../torch/index.js'
import { Decoder } from './decoder.js'
import { openDirectoryTensors, readDirectoryConfig } from './directory.js'
import { PackedBatch, type SequenceGroup } from './packing.js'

const root = 'test/fixtures/models'

beforeAll(startTestEngine)

function load(name: string): Decoder {
  const directory = join(root, name)
  const config = readDirectoryConfig(directory)
  const source = openDirectoryTensors(directory, config)
  const model = Decoder.load(config, source, cpu, 'float32')
  source.close()
  return model
}

/** logits_T_V of all packed rows. */
function logits(model: Decoder, groups: SequenceGroup[]): { batch: PackedBatch; rows: number[][] } {
  const batch = new PackedBatch(groups, cpu)
  const flat = noGrad(() =>
    scope(() =>
      linear(batch.forward(model, model.embed(batch.tokens_T)), model.parameters.head.value).toFloat32Array(),
    ),
  )
  const V = model.config.vocabSize
  const rows = Array.from({ length: batch.tokenCount }, (_, t) => Array.from(flat.subarray(t * V, (t + 1) * V)))
  return { batch, rows }
}

function largestDifference(a: number[][], b: number[][]): number {
  return Math.max(...a.map((row, i) => Math.max(...row.map((value, j) => Math.abs(value - b[i][j])))))
}

// Logits of transformers (float32) on the same random weights; test/golden/make_models.py writes them.
describe.each(readdirSync(root).filter((name) => name !== 'gguf'))('decoder %s', (name) => {
  const golden = JSON.parse(readFileSync(join(root, name, 'golden.json'), 'utf8')) as {
    input_ids: number[][]
    logits: number[][][]
  }

  it('gives the logits of transformers to 1e-4', () => {
    const before = liveTensors()
    const model = load(name)
    golden.input_ids.forEach((prompt, i) => {
      const { batch, rows } = logits(model, [{ prompt, branches: [] }])
      batch.dispose()
      expect(largestDifference(rows, golden.logits[i])).toBeLessThan(1e-4)
    })
    model.dispose()
    expect(liveTensors()).toBe(before)
  })

  it('gives the same logits for prompts packed together and for shared prompts', () => {
    const model = load(name)
    const [first, second] = golden.input_ids
    const cut = Math.floor(first.length / 2)
    const groups = [
      { prompt: first.slice(0, cut), branches: [first.slice(cut), first.slice(cut, -1)] },
      { prompt: (second ?? first).slice(0, 2), branches: [(second ?? first).slice(2)] },
    ]
    const { batch, rows } = logits(model, groups)
    const expected = (sequence: number, from: number, to?: number) => golden.logits[sequence].slice(from, to)
    const at = (start: number, count: number) => rows.slice(start, start + count)
    expect(largestDifference(at(batch.promptStart(0), cut), expected(0, 0, cut))).toBeLessThan(1e-4)
    const rest = first.length - cut
    expect(largestDifference(at(batch.branchStart(0, 0), rest), expected(0, cut))).toBeLessThan(1e-4)
    expect(largestDifference(at(batch.branchStart(0, 1), rest - 1), expected(0, cut, -1))).toBeLessThan(1e-4)
    const other = second ? 1 : 0
    const tail = golden.input_ids[other].length - 2
    expect(largestDifference(at(batch.branchStart(1, 0), tail), expected(other, 2))).toBeLessThan(1e-4)
    batch.dispose()
    model.dispose()
  })
})
