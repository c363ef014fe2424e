/**
 * What every source of tensors has to hold: a directory with one file, one with shards, packed and half-precision ones, a
 * GGUF file, an adapter. To add a kind of source, add a case; what it must hold is written below, once.
 */
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GGMLQuantizationType, gguf } from '@huggingface/gguf'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { writeGguf } from '../../test/gguf-file.js'
import { UserError } from '../base/errors.js'
import { openDirectoryTensors, readDirectoryConfig } from './directory.js'
import { blockFormats, dequantize } from './gguf/dequantize.js'
import { openAdapter } from './lora/adapter-file.js'
import { openLocalModel } from './open.js'
import { writeSafetensors } from './safetensors-write.js'
import type { TensorSource } from './types.js'

/** A tensor as another reader has it. */
interface Expected {
  dtype: string
  shape: number[]
  bytes: Uint8Array
}

interface SourceCase {
  /** Puts the source's files at `path`. */
  lay(path: string): void
  /** Every tensor by its canonical name, without our own readers. */
  expected(path: string): Promise<Map<string, Expected>> | Map<string, Expected>
  open(path: string): TensorSource
  /** The files that hold numbers. */
  files(path: string): string[]
  /** Writes the source again without one of its tensors, and gives the stored name of that one. */
  drop(path: string): string
}

const scratch = mkdtempSync(join(tmpdir(), 'isentrope-sources-'))
const path = join(scratch, 'source')
afterAll(() => rmSync(scratch, { recursive: true }))
beforeEach(() => {
  for (const one of readdirSync(scratch)) rmSync(join(scratch, one), { recursive: true })
})

/** A safetensors file by the format's description: header length, JSON, data. */
function readPlainly(file: string): Map<string, Expected> {
  const content = readFileSync(file)
  const length = Number(content.readBigUInt64LE())
  const header = JSON.parse(content.subarray(8, 8 + length).toString('utf8'))
  const { __metadata__: _, ...tensors } = header as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: number[] }
  >
  return new Map(
    Object.entries(tensors).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => [name, { dtype, shape, bytes: new Uint8Array(content.subarray(8 + length + from, 8 + length + to)) }],
    ),
  )
}

const safetensorsIn = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.safetensors'))
    .map((name) => join(directory, name))

/** Rewrites a safetensors file without its last tensor. */
function dropLast(file: string): string {
  const tensors = [...readPlainly(file)].map(([name, tensor]) => ({ name, ...tensor, dtype: tensor.dtype as 'F32' }))
  const [last] = tensors.splice(-1)
  writeSafetensors(file, tensors)
  return last.name
}

const directoryCase = (
  fixture: string,
  canonical: (stored: Map<string, Expected>) => Map<string, Expected> = (stored) => stored,
): SourceCase => ({
  lay: (to) => cpSync(join('test/fixtures/models', fixture), to, { recursive: true }),
  expected: (from) => canonical(new Map(safetensorsIn(from).flatMap((file) => [...readPlainly(file)]))),
  open: (from) => openDirectoryTensors(from, readDirectoryConfig(from)),
  files: safetensorsIn,
  drop: (from) => dropLast(safetensorsIn(from)[0]),
})

/** Rows of `tensor` seen as [groups, parts, rows]: those of the given parts, as numpy's reshape and slice give them. */
function sliced({ dtype, shape, bytes }: Expected, groups: number, parts: number, from: number, to: number): Expected {
  const blockBytes = bytes.length / (groups * parts)
  const blocks = Array.from({ length: groups }, (_, group) =>
    bytes.subarray((group * parts + from) * blockBytes, (group * parts + to) * blockBytes),
  )
  return {
    dtype,
    shape: [(shape[0] / parts) * (to - from), ...shape.slice(1)],
    bytes: new Uint8Array(Buffer.concat(blocks)),
  }
}

/** The fixture has 4 heads and 2 keys: wqkv is [2 groups, q q k v, 4 rows], as test/golden/make_models.py packs it. */
function unpacked(stored: Map<string, Expected>): Map<string, Expected> {
  const names: [RegExp, string][] = [
    [/^model\.tok_embeddings/, 'model.embed_tokens'],
    [/^output/, 'lm_head'],
    [/attention_norm/, 'input_layernorm'],
    [/ffn_norm/, 'post_attention_layernorm'],
    [/attention\.wo/, 'self_attn.o_proj'],
    [/feed_forward\.w1/, 'mlp.gate_proj'],
    [/feed_forward\.w3/, 'mlp.up_proj'],
    [/feed_forward\.w2/, 'mlp.down_proj'],
  ]
  return new Map(
    [...stored].flatMap(([name, tensor]): [string, Expected][] => {
      const part = (letter: string, from: number, to: number): [string, Expected] => [
        name.replace('attention.wqkv', `self_attn.${letter}_proj`),
        sliced(tensor, 2, 4, from, to),
      ]
      if (name.includes('wqkv')) return [part('q', 0, 2), part('k', 2, 3), part('v', 3, 4)]
      return [[names.reduce((renamed, [from, to]) => renamed.replace(from, to), name), tensor]]
    }),
  )
}

const ggufWords: Record<string, string> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
  attn_norm: 'input_layernorm',
  ffn_norm: 'post_attention_layernorm',
  attn_output: 'self_attn.o_proj',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
}

/** By the parser of the gguf package. `paired`: heads of q and k if their rows lie in pairs. */
async function fromGguf(file: string, paired?: { q: number; k: number }): Promise<Map<string, Expected>> {
  const { tensorInfos, tensorDataOffset } = await gguf(file, { allowLocalFile: true })
  const content = readFileSync(file)
  return new Map(
    tensorInfos.map((info): [string, Expected] => {
      const [, block, word, kind] = /^(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)$/.exec(info.name)!
      const shape = info.shape.map(Number).reverse()
      const at = Number(tensorDataOffset) + Number(info.offset)
      const { dtype, bytes } = decoded(GGMLQuantizationType[info.dtype], content.subarray(at), shape)
      const letter = /^attn_([qk])$/.exec(word)?.[1] as 'q' | 'k' | undefined
      const name = `${block === undefined ? '' : `model.layers.${block}.`}${ggufWords[word]}.${kind}`
      const heads = letter && paired?.[letter]
      return [name, { dtype, shape, bytes: heads ? halves(bytes, shape[0], heads) : bytes }]
    }),
  )
}

/** gguf.test.ts holds `dequantize` against the gguf package for Python. */
function decoded(type: string, content: Uint8Array, shape: number[]): { dtype: string; bytes: Uint8Array } {
  const count = shape.reduce((a, b) => a * b, 1)
  if (type === 'F32' || type === 'F16' || type === 'BF16') {
    return { dtype: type, bytes: new Uint8Array(content.subarray(0, count * (type === 'F32' ? 4 : 2))) }
  }
  const format = blockFormats[type as keyof typeof blockFormats]
  const values = new Float32Array(count)
  dequantize(format, content.subarray(0, (count / format.values) * format.bytes), values)
  return { dtype: 'F32', bytes: new Uint8Array(values.buffer) }
}

/** Of every head's rows, which lie as [D / 2, 2]: as [2, D / 2]. */
function halves(bytes: Uint8Array, rows: number, heads: number): Uint8Array {
  const rowBytes = bytes.length / rows
  const headDim = rows / heads
  const order = Array.from({ length: rows }, (_, row) => {
    const [head, within] = [Math.floor(row / headDim), row % headDim]
    const half = headDim / 2
    return head * headDim + (within % half) * 2 + Math.floor(within / half)
  })
  return new Uint8Array(Buffer.concat(order.map((row) => bytes.subarray(row * rowBytes, (row + 1) * rowBytes))))
}

const ggufFile = (base: string): string => `${base}.gguf`

const ggufCase = (name: string, paired?: { q: number; k: number }): SourceCase => ({
  lay: (to) => copyFileSync(`test/fixtures/models/gguf/${name}.gguf`, ggufFile(to)),
  expected: (from) => fromGguf(ggufFile(from), paired),
  open: (from) => openLocalModel(ggufFile(from)).tensors,
  files: (from) => [ggufFile(from)],
  drop(from) {
    const counts = ['feed_forward_length', 'block_count', 'attention.head_count', 'context_length']
    const metadata = {
      'general.architecture': name,
      ...Object.fromEntries(counts.map((count) => [`${name}.${count}`, 2])),
      [`${name}.embedding_length`]: 4,
      [`${name}.attention.layer_norm_rms_epsilon`]: 1.5e-5,
    }
    const tensors = [{ name: 'token_embd.weight', shape: [3, 4], values: new Float32Array(12) }]
    writeGguf(ggufFile(from), metadata, tensors)
    return 'blk.0.attn_norm.weight'
  },
})

const adapterCase = (
  name: string,
  canonical: (stored: Map<string, Expected>) => Map<string, Expected>,
): SourceCase => ({
  lay(to) {
    mkdirSync(to)
    for (const file of ['adapter_config.json', 'adapter_model.safetensors']) {
      copyFileSync(join('test/fixtures/adapters', name, file), join(to, file))
    }
  },
  expected: (from) => canonical(readPlainly(join(from, 'adapter_model.safetensors'))),
  open: (from) => openAdapter(from, readDirectoryConfig(join('test/fixtures/models', name))).tensors,
  files: (from) => [join(from, 'adapter_model.safetensors')],
  drop: (from) => dropLast(join(from, 'adapter_model.safetensors')),
})

const bareNames = (stored: Map<string, Expected>): Map<string, Expected> =>
  new Map([...stored].map(([name, tensor]) => [name.replace(/^base_model\.model\./, ''), tensor]))

const cases: Record<string, SourceCase> = {
  'a directory with one file': directoryCase('llama'),
  'a directory in half precision': directoryCase('llama-f16'),
  'a directory of shards': directoryCase('llama-sharded-bf16'),
  'a directory with a tied head and biases': directoryCase('llama-tied-biases'),
  'a directory of packed tensors': directoryCase('internlm2', unpacked),
  'a GGUF file of blocks': ggufCase('qwen3'),
  'a GGUF file with rows in pairs': ggufCase('llama', { q: 4, k: 2 }),
  'an adapter': adapterCase('qwen3', bareNames),
}

/** Files that this process has open; undefined where the system does not tell. */
function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}

describe.each(Object.entries(cases))('%s', (_, source) => {
  it('has the names, shapes, types, and bytes that another reader finds', async () => {
    source.lay(path)
    const expected = await source.expected(path)
    const opened = source.open(path)
    const found = new Map(
      [...opened.tensors].map(([name, { dtype, shape }]) => {
        const bytes = new Uint8Array(shape.reduce((a, b) => a * b, dtype === 'F32' ? 4 : 2))
        opened.readInto(name, bytes)
        return [name, { dtype, shape: [...shape], bytes }]
      }),
    )
    opened.close()
    expect([...found.keys()].sort()).toEqual([...expected.keys()].sort())
    for (const [name, tensor] of expected) expect(found.get(name), name).toEqual(tensor)
  })

  it('refuses an unknown name, and a buffer of another size', () => {
    source.lay(path)
    const opened = source.open(path)
    const [[name, { dtype, shape }]] = opened.tensors
    const bytes = shape.reduce((a, b) => a * b, dtype === 'F32' ? 4 : 2)
    expect(() => opened.readInto('model.nothing', new Uint8Array(4))).toThrow(/no tensor model\.nothing/)
    for (const length of [0, bytes - 1, bytes + 4]) {
      expect(() => opened.readInto(name, new Uint8Array(length)), String(length)).toThrow(
        new RegExp(`takes ${bytes} bytes, not ${length}`),
      )
    }
    opened.close()
  })

  it('names a tensor that is missing', () => {
    source.lay(path)
    const name = source.drop(path)
    expect(() => source.open(path)).toThrow(UserError)
    expect(() => source.open(path)).toThrow(name)
  })

  it('refuses files that end early, by their names, wherever they end', () => {
    source.lay(path)
    for (const file of source.files(path)) {
      const { size } = statSync(file)
      const whole = readFileSync(file)
      for (const length of [0, 7, 30, Math.floor(size / 2), size - 64]) {
        truncateSync(file, length)
        expect(() => source.open(path), `${file} of ${length} bytes`).toThrow(UserError)
        expect(() => source.open(path)).toThrow(file)
      }
      writeFileSync(file, whole)
    }
  })

  it('says so if a file is cut off while it is open', () => {
    source.lay(path)
    const opened = source.open(path)
    for (const file of source.files(path)) truncateSync(file, 16)
    const readAll = () => {
      for (const [name, { dtype, shape }] of opened.tensors) {
        opened.readInto(name, new Uint8Array(shape.reduce((a, b) => a * b, dtype === 'F32' ? 4 : 2)))
      }
    }
    expect(readAll).toThrow(UserError)
    expect(readAll).toThrow(/was shortened while being read/)
    opened.close()
  })

  it('closes its files once and for all, and after an error too', () => {
    source.lay(path)
    const before = openFiles()
    const opened = source.open(path)
    const [[name, { dtype, shape }]] = opened.tensors
    const bytes = new Uint8Array(shape.reduce((a, b) => a * b, dtype === 'F32' ? 4 : 2))
    opened.readInto(name, bytes)
    opened.close()
    opened.close()
    expect(() => opened.readInto(name, bytes)).toThrow(/is closed/)
    source.drop(path)
    expect(() => source.open(path)).toThrow(UserError)
    expect(openFiles()).toBe(before)
  })
})
