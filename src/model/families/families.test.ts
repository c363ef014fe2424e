/** What every family of the list has to hold: add a family, and it is tested here. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../../test/engine.js'
import { writeGguf } from '../../../test/gguf-file.js'
import { UserError } from '../../base/errors.js'
import { replaceSection } from '../../base/marked-section.js'
import { rngFrom } from '../../base/philox.js'
import { cpu, type Dtype } from '../../torch/index.js'
import { parseConfig } from '../config.js'
import { Decoder } from '../decoder.js'
import { openDirectoryTensors, readDirectoryConfig } from '../directory.js'
import { ggufName } from '../gguf/tensors.js'
import { layerProducts, parameterShapes } from '../layout.js'
import { openAdapter, writeAdapter } from '../lora/adapter-file.js'
import { factorA, factorB, linearModules } from '../lora/adapter-layout.js'
import { openLocalModel } from '../open.js'
import { exportAll } from '../parameters.js'
import { type CanonicalTensor, writeModel } from '../save.js'
import { canonicalShape, storedTensors } from '../stored.js'
import type { DecoderConfig, SourceDtype, TensorSource } from '../types.js'
import { familyList, familyTable } from './docs.js'
import { families } from './index.js'

const scratch = mkdtempSync(join(tmpdir(), 'isentrope-families-'))
beforeAll(startTestEngine)
afterAll(() => rmSync(scratch, { recursive: true }))

const sizes = {
  vocab_size: 11,
  hidden_size: 20,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  head_dim: 4,
  max_position_embeddings: 32,
}
/** Every name that a family has for a bias; those of other families are not read. */
const biases = (on: boolean) => ({ attention_bias: on, mlp_bias: on, qkv_bias: on, bias: on })
const variants = [
  ['without biases', { ...biases(false), tie_word_embeddings: false }],
  ['with biases and a tied head', { ...biases(true), tie_word_embeddings: true }],
] as const

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)
const total = (shapes: Iterable<readonly number[]>): number =>
  [...shapes].reduce((sum, shape) => sum + product(shape), 0)

/** Numbers of a decoder, by hand: embedding and head, final norm, and per layer two norms, attention, and MLP. */
function countByHand(config: DecoderConfig): number {
  const { vocabSize: V, hiddenSize: d, intermediateSize: f, heads: H, kvHeads: K, headDim: D } = config
  const attention = (H + 2 * K) * D * d + d * H * D + (config.qkNorm ? 2 * D : 0)
  const bias = (config.qkvBias ? (H + 2 * K) * D : 0) + (config.outputBias ? d : 0) + (config.mlpBias ? 2 * f + d : 0)
  return V * d * (config.tieWordEmbeddings ? 1 : 2) + d + config.layers * (2 * d + attention + 3 * f * d + bias)
}

/** Random bits of ordinary numbers: exponents around 1, so that no type has a NaN among them. */
function randomTensors(config: DecoderConfig, dtype: SourceDtype): CanonicalTensor[] {
  const draw = rngFrom(7, config.layers)
  return [...parameterShapes(config)].map(([name, shape]) => {
    const bytes = new Uint8Array(product(shape) * (dtype === 'F32' ? 4 : 2))
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(draw() * 256)
    // The highest byte of each number: a sign, and an exponent of about 2^-1.
    for (let i = dtype === 'F32' ? 3 : 1; i < bytes.length; i += dtype === 'F32' ? 4 : 2)
      bytes[i] = 0x3f | (bytes[i] & 0x80)
    return { name, dtype, shape, bytes }
  })
}

function read(source: TensorSource): Map<string, { dtype: SourceDtype; shape: readonly number[]; bytes: Uint8Array }> {
  return new Map(
    [...source.tensors].map(([name, { dtype, shape }]) => {
      const bytes = new Uint8Array(product(shape) * (dtype === 'F32' ? 4 : 2))
      source.readInto(name, bytes)
      return [name, { dtype, shape, bytes }]
    }),
  )
}

describe('the families', () => {
  it('have distinct names, classes, and GGUF architectures', () => {
    const distinct = (values: string[]) => expect(new Set(values).size).toBe(values.length)
    distinct(families.map(({ name }) => name))
    distinct(families.map(({ architecture }) => architecture.toLowerCase()))
    distinct(families.flatMap(({ gguf }) => gguf?.architecture ?? []))
  })
})

it('is nowhere asked for by name but in its own file', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith(join('model', 'families')))
    .filter((file) => /\bfamily\w*\s*[!=]==?\s*['"`]/.test(readFileSync(join('src', file), 'utf8')))
  expect(sources).toEqual([])
})

describe.each([
  ['README.md', familyList],
  ['docs/models.md', familyTable],
])('%s', (file, body) => {
  it('lists the families', () => {
    const page = readFileSync(file, 'utf8')
    expect(replaceSection(page, 'families', body())).toBe(page)
  })
})

describe.each(families)('the family $name', (family) => {
  const head = { model_type: family.name, architectures: [family.architecture] }

  it('has a model with the logits of another implementation', () => {
    // decoder.test.ts compares them.
    const directory = join('test/fixtures/models', family.name)
    expect(existsSync(join(directory, 'golden.json'))).toBe(true)
    expect(readDirectoryConfig(directory).family).toBe(family.name)
  })

  it('is recognized by its config.json, and by its own class alone', () => {
    expect(parseConfig({ ...head, ...sizes }, 'config.json').family).toBe(family.name)
    const { architectures: _, ...unnamed } = head
    expect(parseConfig({ ...unnamed, ...sizes }, 'config.json').family).toBe(family.name)
    const other = families.find(({ name }) => name !== family.name)!
    expect(() => parseConfig({ ...head, ...sizes, architectures: [other.architecture] }, 'config.json')).toThrow(
      UserError,
    )
  })

  describe.each(variants)('%s', (title, fields) => {
    const config = parseConfig({ ...head, ...sizes, ...fields }, 'config.json')
    const directory = (kind: string) => join(scratch, `${family.name} ${title} ${kind}`)

    it('has as many numbers as its shapes: counted by hand, listed, stored, and in memory', () => {
      const count = countByHand(config)
      expect(total(parameterShapes(config).values())).toBe(count)
      const stored = new Map([...storedTensors(config).values()].map(({ name, shape }) => [name, shape]))
      expect(total(stored.values())).toBe(count)
      writeModel(directory('count'), { config, sidecars: new Map() }, randomTensors(config, 'F32'))
      const source = openDirectoryTensors(directory('count'), config)
      const model = Decoder.load(config, source, cpu, 'float32')
      source.close()
      expect(model.parameterCount).toBe(count)
      // The products of a layer are its parameters with two dimensions.
      const { layers } = model.parameters
      const matrices = Object.values(layers[0]).flatMap((one) =>
        one?.value.shape.length === 2 ? [one.value.shape] : [],
      )
      expect(layerProducts(config)).toEqual(matrices)
      model.dispose()
    })

    it('keeps every row of its stored tensors in one canonical tensor', () => {
      const covered = new Map<string, number[]>()
      for (const [name, place] of storedTensors(config)) {
        expect(canonicalShape(place)).toEqual(parameterShapes(config).get(name))
        const rows = covered.get(place.name) ?? new Array<number>(place.shape[0]).fill(0)
        for (const [from, count] of place.rows ?? [[0, place.shape[0]]]) {
          for (let row = from; row < from + count; row++) rows[row]++
        }
        covered.set(place.name, rows)
      }
      for (const rows of covered.values()) expect(new Set(rows)).toEqual(new Set([1]))
    })

    it.each([
      ['F32', 'float32'],
      ['BF16', 'bfloat16'],
      ['F16', 'float16'],
    ] as const)('comes back bit by bit from a directory in %s, and through the engine', (dtype, engineType: Dtype) => {
      const tensors = randomTensors(config, dtype)
      writeModel(directory(dtype), { config, sidecars: new Map() }, tensors)
      const model = openLocalModel(directory(dtype))
      expect(read(model.tensors)).toEqual(new Map(tensors.map(({ name, ...rest }) => [name, rest])))
      const decoder = Decoder.load(model.config, model.tensors, cpu, engineType)
      writeModel(directory(`${dtype} again`), { config: model.config, sidecars: new Map() }, exportAll(decoder.list()))
      decoder.dispose()
      model.tensors.close()
      const files = readdirSync(directory(dtype)).sort()
      expect(files).toEqual(['config.json', 'model.safetensors'])
      expect(readdirSync(directory(`${dtype} again`)).sort()).toEqual(files)
      for (const file of files) {
        const [first, second] = [dtype, `${dtype} again`].map((kind) => readFileSync(join(directory(kind), file)))
        expect(second.equals(first), file).toBe(true)
      }
    })

    it('comes back bit by bit from an adapter of all its linear layers', () => {
      const modules = linearModules(config).map((module) => ({ ...module, rank: 3, alpha: 6 }))
      const canonical = [...parameterShapes(config).keys()].filter((name) => name.endsWith('_proj.weight'))
      expect(modules.flatMap(({ layers }) => layers.map(({ name }) => `${name}.weight`))).toEqual(canonical)
      const draw = rngFrom(11)
      const factor = (name: string, shape: number[]): CanonicalTensor => {
        const values = Float32Array.from({ length: product(shape) }, draw)
        return { name, dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) }
      }
      const factors = modules.flatMap(({ name, in: width, layers, rank }) => [
        factor(factorA(name), [rank, width]),
        ...layers.map((layer) => factor(factorB(layer.name), [layer.rows, rank])),
      ])
      const plain = { rank: 3, alpha: 6, rankStabilized: false, dropout: 0, rankPattern: {}, alphaPattern: {} }
      writeAdapter(directory('adapter'), { config: plain, modules, model: config }, factors)
      const adapter = openAdapter(directory('adapter'), config)
      expect(read(adapter.tensors)).toEqual(new Map(factors.map(({ name, ...rest }) => [name, rest])))
      adapter.tensors.close()
    })

    const { gguf } = family
    if (!gguf) {
      it('is refused by name in a GGUF file', () => {
        const path = `${directory('file')}.gguf`
        writeGguf(path, { 'general.architecture': family.name }, [])
        expect(() => openLocalModel(path)).toThrow(`unsupported architecture "${family.name}"`)
      })
      return
    }
    it('comes back from a GGUF file, and is saved as a directory of its family', () => {
      const { architecture, pairedRows } = gguf
      const key = (name: string) => `${architecture}.${name}`
      // Only biases that the family's GGUF files can state.
      const stated = parseConfig(
        {
          ...head,
          ...sizes,
          ...gguf.fields(() => fields.attention_bias),
          tie_word_embeddings: fields.tie_word_embeddings,
        },
        'config.json',
      )
      const tensors = randomTensors(stated, 'F32')
      const path = `${directory('file')}.gguf`
      const metadata = {
        'general.architecture': architecture,
        [key('embedding_length')]: sizes.hidden_size,
        [key('feed_forward_length')]: sizes.intermediate_size,
        [key('block_count')]: sizes.num_hidden_layers,
        [key('attention.head_count')]: sizes.num_attention_heads,
        [key('attention.head_count_kv')]: sizes.num_key_value_heads,
        [key('attention.key_length')]: sizes.head_dim,
        [key('context_length')]: sizes.max_position_embeddings,
        [key('attention.layer_norm_rms_epsilon')]: 1.5e-5,
        [key('rope.freq_base')]: 500.5,
      }
      const stored = tensors.map(({ name, shape, bytes }) => {
        const values = new Float32Array(bytes.slice().buffer)
        const paired = pairedRows && /[qk]_proj/.test(name)
        return { name: ggufName(name), shape, values: paired ? inPairs(values, sizes.head_dim, shape) : values }
      })
      writeGguf(path, metadata, stored)
      const model = openLocalModel(path)
      expect(model.config).toMatchObject({ family: family.name, rmsNormEps: 1.5e-5, rope: { theta: 500.5 } })
      expect(read(model.tensors)).toEqual(new Map(tensors.map(({ name, ...rest }) => [name, rest])))
      writeModel(directory('from GGUF'), { config: model.config, sidecars: new Map() }, tensors)
      model.tensors.close()
      const saved = openLocalModel(directory('from GGUF'))
      expect(saved.config.raw).toMatchObject(head)
      expect({ ...saved.config, raw: {} }).toEqual({ ...model.config, raw: {} })
      expect(read(saved.tensors)).toEqual(new Map(tensors.map(({ name, ...rest }) => [name, rest])))
      saved.tensors.close()
    })
  })
})

/** llama.cpp's order of a head's rows: of [2, D / 2] rows of the rotation's halves, [D / 2, 2]. */
function inPairs(values: Float32Array, headDim: number, shape: readonly number[]): Float32Array {
  const columns = shape[1] ?? 1
  const half = headDim / 2
  const paired = new Float32Array(values.length)
  for (let row = 0; row < shape[0]; row++) {
    const [head, part, j] = [Math.floor(row / headDim), Math.floor((row % headDim) / half), row % half]
    const to = head * headDim + 2 * j + part
    paired.set(values.subarray(row * columns, (row + 1) * columns), to * columns)
  }
  return paired
}
