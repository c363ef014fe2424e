import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { largestDifference, logitsOf } from '../../test/logits.js'
import { cpu } from '../torch/index.js'
import { Decoder } from './decoder.js'
import { openLocalModel } from './open.js'
import { exportParts } from './parameters.js'
import { openSafetensors } from './safetensors.js'
import { type CanonicalTensor, type WriteModelOptions, writeModel } from './save.js'
import type { OpenModel } from './types.js'

const root = 'test/fixtures/models'
const directories = readdirSync(root).filter((name) => existsSync(join(root, name, 'config.json')))
const scratch = mkdtempSync(join(tmpdir(), 'isentrope-save-'))
beforeAll(startTestEngine)
afterAll(() => rmSync(scratch, { recursive: true }))

/** Tensors as they lie in a source, without the engine. */
function* copied({ tensors }: OpenModel): Generator<CanonicalTensor> {
  for (const [name, { dtype, shape }] of tensors.tensors) {
    const bytes = new Uint8Array(shape.reduce((product, size) => product * size, dtype === 'F32' ? 4 : 2))
    tensors.readInto(name, bytes)
    yield { name, dtype, shape, bytes }
  }
}

function save(name: string, model: OpenModel, options?: WriteModelOptions): string {
  const directory = join(scratch, name)
  writeModel(directory, model, copied(model), options)
  model.tensors.close()
  return directory
}

const readConfig = (directory: string) => JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'))

describe.each(directories)('%s, saved', (name) => {
  const golden = JSON.parse(readFileSync(join(root, name, 'golden.json'), 'utf8')) as {
    input_ids: number[][]
    logits: number[][][]
  }

  it('from the engine keeps names, config and logits', () => {
    const model = openLocalModel(join(root, name))
    const decoder = Decoder.load(model.config, model.tensors, cpu, 'float32')
    const directory = join(scratch, `${name}-engine`)
    writeModel(
      directory,
      model,
      (function* () {
        for (const parameter of decoder.list()) yield* exportParts(parameter)
      })(),
    )
    decoder.dispose()
    model.tensors.close()

    const before = readConfig(join(root, name))
    const after = readConfig(directory)
    const { torch_dtype, dtype, ...rest } = after
    const { torch_dtype: _1, dtype: _2, ...restBefore } = before
    expect(rest).toEqual(restBefore)
    expect(dtype ?? torch_dtype).toBe('float32')
    // 4 where Python wrote 4.0 would be another type there.
    expect(readFileSync(join(directory, 'config.json'), 'utf8')).not.toMatch(/"(factor|rope_theta)": \d+,?$/m)

    const reopened = openLocalModel(directory)
    logitsOf(reopened, golden.input_ids).forEach((rows, i) => {
      expect(largestDifference(rows, golden.logits[i])).toBeLessThan(1e-4)
    })
    reopened.tensors.close()
  })

  it('in its own dtype keeps every byte under the same stored names', () => {
    const directory = save(`${name}-copy`, openLocalModel(join(root, name)))
    const copy = openSafetensors(join(directory, 'model.safetensors'))
    const shards = readdirSync(join(root, name)).filter((file) => file.endsWith('.safetensors'))
    const stored = new Set<string>()
    for (const shard of shards) {
      const original = openSafetensors(join(root, name, shard))
      for (const [tensor, { bytes, dtype, shape }] of original.tensors) {
        stored.add(tensor)
        const entry = copy.tensors.get(tensor)!
        expect({ dtype: entry.dtype, shape: entry.shape }).toEqual({ dtype, shape })
        const [a, b] = [new Uint8Array(bytes), new Uint8Array(bytes)]
        original.readInto(tensor, a)
        copy.readInto(tensor, b)
        expect(b).toEqual(a)
      }
      original.close()
    }
    expect([...copy.tensors.keys()].sort()).toEqual([...stored].sort())
    copy.close()
  })
})

describe('saving', () => {
  const open = () => openLocalModel(join(root, 'llama'))

  it('splits weights into shards and replaces an earlier save', () => {
    const directory = save('shards', open(), { maxShardBytes: 6000 })
    const shards = readdirSync(directory).filter((name) => name.endsWith('.safetensors'))
    expect(shards.length).toBeGreaterThan(1)
    const index = JSON.parse(readFileSync(join(directory, 'model.safetensors.index.json'), 'utf8'))
    expect(new Set(Object.values(index.weight_map))).toEqual(new Set(shards))
    const reopened = openLocalModel(directory)
    expect([...reopened.tensors.tensors.keys()]).toEqual([...open().tensors.tensors.keys()])
    reopened.tensors.close()
    save('shards', open())
    expect(readdirSync(directory).filter((name) => /safetensors/.test(name))).toEqual(['model.safetensors'])
    save('shards', open(), { maxShardBytes: 6000 })
    expect(existsSync(join(directory, 'model.safetensors'))).toBe(false)
    expect(readdirSync(directory).filter((name) => name.endsWith('.writing'))).toEqual([])
  })

  it('carries sidecars along, and writes a GGUF file out as a Hugging Face directory', () => {
    const sidecars = new Map<string, string | Uint8Array>([
      ['tokenizer.json', '{}'],
      ['tokenizer.model', new Uint8Array([1, 2])],
    ])
    const model = open()
    writeModel(join(scratch, 'sidecars'), { config: model.config, sidecars }, copied(model))
    expect(readFileSync(join(scratch, 'sidecars', 'tokenizer.model'))).toEqual(Buffer.from([1, 2]))

    const gguf = openLocalModel(join(root, 'gguf', 'qwen3.gguf'))
    const decoder = Decoder.load(gguf.config, gguf.tensors, cpu, 'float32')
    const directory = join(scratch, 'from-gguf')
    writeModel(
      directory,
      gguf,
      decoder.list().flatMap((parameter) => [...exportParts(parameter)]),
    )
    decoder.dispose()
    const golden = JSON.parse(readFileSync(join(root, 'gguf', 'golden.json'), 'utf8'))
    const reopened = openLocalModel(directory)
    logitsOf(reopened, golden.qwen3.input_ids).forEach((rows, i) => {
      expect(largestDifference(rows, golden.qwen3.logits[i])).toBeLessThan(1e-4)
    })
    golden.texts.forEach((text: string, i: number) => {
      expect(reopened.tokenizer.encode(text)).toEqual(golden.qwen3.ids[i])
    })
    expect(reopened.tokenizer.chatTemplate).toBe(gguf.tokenizer.chatTemplate)
    reopened.tensors.close()
    gguf.tensors.close()
  })

  it('keeps the earlier model where tensors are missing, unknown, doubled, misshapen or of two dtypes', () => {
    const directory = save('kept', open())
    const before = readFileSync(join(directory, 'model.safetensors'))
    const all = [...copied(open())]
    const first = all[0]
    const broken: [CanonicalTensor[], RegExp][] = [
      [all.slice(1), /1 tensors did not come: model.embed_tokens.weight/],
      [[...all, { ...first, name: 'x' }], /no tensor x/],
      [[...all, first], /came twice/],
      [[{ ...first, shape: [1, 1] }, ...all.slice(1)], /has the shape \[1,1\]/],
      [[first, { ...all[1], dtype: 'F16' }, ...all.slice(2)], /is F16, but the model is saved as F32/],
      [[], /without tensors/],
    ]
    for (const [tensors, message] of broken) {
      expect(() => writeModel(directory, open(), tensors)).toThrow(message)
      expect(readFileSync(join(directory, 'model.safetensors'))).toEqual(before)
      expect(readdirSync(directory).filter((name) => name.endsWith('.writing'))).toEqual([])
    }
  })

  it('does not leave weights of an interrupted save to be taken for whole', () => {
    const directory = join(scratch, 'interrupted')
    const interrupted = function* (): Generator<CanonicalTensor> {
      for (const tensor of copied(open())) {
        yield tensor
        throw new Error('stop')
      }
    }
    expect(() => writeModel(directory, open(), interrupted())).toThrow('stop')
    expect(readdirSync(directory)).toEqual([])
    writeFileSync(join(directory, 'model.safetensors.writing'), 'left by a killed process')
    save('interrupted', open())
    expect(readdirSync(directory)).not.toContain('model.safetensors.writing')
  })
})
