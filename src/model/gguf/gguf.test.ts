import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gguf } from '@huggingface/gguf'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../../test/engine.js'
import { largestDifference, logitsOf } from '../../../test/logits.js'
import { UserError } from '../../base/errors.js'
import { openLocalModel } from '../open.js'
import { createTokenizer } from '../tokenizer/tokenizer.js'
import { readGgufConfig } from './config.js'
import { type BlockFormatName, blockFormats, dequantize } from './dequantize.js'
import { readGgufHeader } from './header.js'
import { ggufTokenizerFiles } from './tokenizer.js'

const folder = 'test/fixtures/models/gguf'
type Golden = { input_ids: number[][]; logits: number[][][]; ids: number[][] }
// test/golden/make_gguf.py writes the files and the golden values.
const golden = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as {
  texts: string[]
  pre: Record<string, number[][]>
} & Record<'llama' | 'llama3' | 'qwen2' | 'qwen3', Golden>

const scratch = mkdtempSync(join(tmpdir(), 'isentrope-gguf-'))
beforeAll(startTestEngine)
afterAll(() => rmSync(scratch, { recursive: true }))

describe.each(Object.keys(blockFormats) as BlockFormatName[])('%s', (name) => {
  it('decodes to the values of the gguf package', () => {
    const all = JSON.parse(readFileSync('test/golden/dequantize.json', 'utf8'))
    const { blocks, values } = all[name] as { blocks: string; values: string }
    const expected = new Float32Array(new Uint8Array(Buffer.from(values, 'base64')).buffer)
    const decoded = new Float32Array(expected.length)
    dequantize(blockFormats[name], new Uint8Array(Buffer.from(blocks, 'base64')), decoded)
    // numpy rounds after each product or sum in float32, this decoder once: half an ulp of the largest term apart.
    const largest = Math.max(...expected.map(Math.abs))
    decoded.forEach((value, i) => {
      expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(largest * 2 ** -23)
    })
  })

  it('refuses a part of a block', () => {
    const { bytes, values } = blockFormats[name]
    expect(() => dequantize(blockFormats[name], new Uint8Array(bytes - 1), new Float32Array(values))).toThrow(/blocks/)
    expect(() => dequantize(blockFormats[name], new Uint8Array(bytes), new Float32Array(values + 1))).toThrow(/blocks/)
  })
})

describe.each(['llama', 'llama3', 'qwen2', 'qwen3'] as const)('a GGUF file of architecture %s', (name) => {
  const path = join(folder, `${name}.gguf`)

  it('gives the logits of transformers to 1e-4', () => {
    const model = openLocalModel(path)
    logitsOf(model, golden[name].input_ids).forEach((rows, i) => {
      expect(largestDifference(rows, golden[name].logits[i])).toBeLessThan(1e-4)
    })
    model.tensors.close()
  })

  it('has the ids of texts that the Rust library gives', () => {
    const model = openLocalModel(path)
    model.tensors.close()
    golden.texts.forEach((text, i) => {
      expect(model.tokenizer.encode(text), JSON.stringify(text)).toEqual(golden[name].ids[i])
      // NFC, which Qwen's tokenizers apply, is the one change that a round trip makes.
      expect(model.tokenizer.decode(golden[name].ids[i])).toBe(name.startsWith('llama') ? text : text.normalize('NFC'))
    })
  })

  it('brings its template and special tokens', () => {
    const { tokenizer, tensors } = openLocalModel(path)
    tensors.close()
    expect(tokenizer.bosTokenId).toBe(0)
    expect(tokenizer.eosTokenIds).toEqual([2])
    expect(tokenizer.renderChat([{ role: 'user', content: 'hi' }], { addGenerationPrompt: true })).toBe(
      '<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n',
    )
  })

  it('has the metadata and tensors that the Hugging Face parser reads', async () => {
    const ours = readGgufHeader(path)
    const theirs = await gguf(path, { allowLocalFile: true })
    expect(ours.tensors.map(({ name }) => name)).toEqual(theirs.tensorInfos.map(({ name }) => name))
    theirs.tensorInfos.forEach((info, i) => {
      expect(ours.tensors[i].offset).toBe(Number(theirs.tensorDataOffset) + Number(info.offset))
      expect(ours.tensors[i].shape).toEqual(info.shape.map(Number).reverse())
    })
    for (const [key, value] of Object.entries(ours.metadata)) {
      const other = (theirs.metadata as Record<string, unknown>)[key]
      expect(typeof other === 'bigint' ? Number(other) : other, key).toEqual(value)
    }
  })
})

describe("Llama 3's rotary scaling in a GGUF file", () => {
  it('is recognised from its table of divisors', () => {
    const model = openLocalModel(join(folder, 'llama3.gguf'))
    model.tensors.close()
    expect(model.config.rope).toEqual({
      theta: 500_000,
      scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositionEmbeddings: 8192 },
    })
  })

  it('is refused where the table is another one', () => {
    const path = join(folder, 'llama3.gguf')
    const { offset } = readGgufHeader(path).tensors.find(({ name }) => name === 'rope_freqs.weight')!
    const bytes = readFileSync(path)
    bytes.writeFloatLE(3, offset + 4)
    const changed = join(scratch, 'longrope.gguf')
    writeFileSync(changed, bytes)
    expect(() => openLocalModel(changed)).toThrow(/rope_freqs.weight is not Llama 3's rotary scaling/)
  })
})

describe.each(Object.keys(golden.pre))('the pre-tokenizer %s', (pre) => {
  it('cuts texts as the Rust library does', () => {
    const { metadata } = readGgufHeader(join(folder, 'llama.gguf'))
    const files = ggufTokenizerFiles('x.gguf', { ...metadata, 'tokenizer.ggml.pre': pre })
    const tokenizer = createTokenizer(files, { eosTokenIds: [] })
    golden.texts.forEach((text, i) => {
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(golden.pre[pre][i])
    })
  })
})

describe('BOS of a byte-level vocabulary', () => {
  const vocabulary = {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.tokens': ['<|begin|>', '<|end|>', 'c', 'a', 't'],
    'tokenizer.ggml.token_type': [3, 3, 1, 1, 1],
    'tokenizer.ggml.merges': [],
    'tokenizer.ggml.bos_token_id': 0,
    'tokenizer.ggml.eos_token_id': 1,
  }
  const idsOf = (change: object, text = 'cat') =>
    createTokenizer(ggufTokenizerFiles('x.gguf', { ...vocabulary, ...change }), { eosTokenIds: [] }).encode(text)

  // llama.cpp's rule, src/llama-vocab.cpp: files of Llama 3 do not carry add_bos_token.
  it.each([
    ['llama-bpe', undefined, [0, 2, 3, 4]],
    ['llama3', undefined, [0, 2, 3, 4]],
    ['llama-bpe', false, [2, 3, 4]],
    ['smollm', undefined, [2, 3, 4]],
    ['smollm', true, [0, 2, 3, 4]],
    [undefined, undefined, [2, 3, 4]],
  ])('pre-tokenizer %s, add_bos_token %s', (pre, add, ids) => {
    const change = { 'tokenizer.ggml.pre': pre, 'tokenizer.ggml.add_bos_token': add }
    expect(idsOf(change)).toEqual(ids)
  })

  it('is not put before a text that begins with it', () => {
    expect(idsOf({ 'tokenizer.ggml.pre': 'llama-bpe' }, '<|begin|>cat')).toEqual([0, 2, 3, 4])
    expect(idsOf({ 'tokenizer.ggml.pre': 'llama-bpe' }, '<|begin|><|begin|>cat')).toEqual([0, 0, 2, 3, 4])
    expect(idsOf({ 'tokenizer.ggml.pre': 'smollm' }, '<|begin|><|begin|>cat')).toEqual([0, 0, 2, 3, 4])
  })
})

describe('the rotary scaling in the metadata', () => {
  const path = join(folder, 'llama.gguf')
  const scalingOf = (change: Record<string, unknown>) => {
    const header = readGgufHeader(path)
    const { theta: _, scaling } = readGgufConfig(path, { ...header, metadata: { ...header.metadata, ...change } }).rope
    return scaling
  }

  it('is linear where a factor stands alone, under the old name too', () => {
    expect(scalingOf({ 'llama.rope.scaling.factor': 4 })).toEqual({ type: 'linear', factor: 4 })
    expect(scalingOf({ 'llama.rope.scale_linear': 4 })).toEqual({ type: 'linear', factor: 4 })
    expect(scalingOf({ 'llama.rope.scaling.type': 'none', 'llama.rope.scaling.factor': 4 })).toEqual({ type: 'none' })
  })

  it('takes what it knows of YaRN, and refuses the rest', () => {
    const yarn = { 'llama.rope.scaling.type': 'yarn', 'llama.rope.scaling.factor': 4 }
    expect(scalingOf({ ...yarn, 'llama.rope.scaling.yarn_beta_fast': 16 })).toMatchObject({ betaFast: 16, betaSlow: 1 })
    expect(() => scalingOf({ ...yarn, 'llama.rope.scaling.attn_factor': 0.5 })).toThrow(/attn_factor 0.5 is not supp/)
  })
})

describe('a sentencepiece vocabulary in the metadata', () => {
  // test/golden/make_sentencepiece.py: the ids are those of Python's sentencepiece.
  const { texts, pieces, models } = JSON.parse(readFileSync('test/golden/sentencepiece.json', 'utf8'))
  const metadata = {
    'tokenizer.ggml.model': 'llama',
    'tokenizer.ggml.tokens': pieces.tokens,
    'tokenizer.ggml.scores': pieces.scores,
    'tokenizer.ggml.token_type': pieces.types,
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.eos_token_id': 2,
    'tokenizer.ggml.unknown_token_id': 0,
  }

  it('cuts texts as sentencepiece does, after BOS unless the file says otherwise', () => {
    const tokenizer = createTokenizer(ggufTokenizerFiles('x.gguf', metadata), { eosTokenIds: [] })
    const bare = createTokenizer(ggufTokenizerFiles('x.gguf', { ...metadata, 'tokenizer.ggml.add_bos_token': false }), {
      eosTokenIds: [],
    })
    texts.forEach((text: string, i: number) => {
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual([1, ...models.bpe.ids[i]])
      expect(bare.encode(text)).toEqual(models.bpe.ids[i])
    })
    expect(tokenizer.eosTokenIds).toEqual([2])
  })

  it('puts no space before the text where the file says so', () => {
    const files = ggufTokenizerFiles('x.gguf', { ...metadata, 'tokenizer.ggml.add_space_prefix': false })
    const tokenizer = createTokenizer(files, { eosTokenIds: [] })
    expect(tokenizer.decode(tokenizer.encode('Hello world', { special: false }))).toBe('Hello world')
    // With the space written out, the ids are those that the prefix gives.
    expect(tokenizer.encode(' Hello world', { special: false })).toEqual(models.bpe.ids[texts.indexOf('Hello world')])
  })
})

describe('tokenizer metadata', () => {
  const { metadata } = readGgufHeader(join(folder, 'llama.gguf'))
  it.each([
    [{ 'tokenizer.ggml.pre': 'klingon' }, /the pre-tokenizer "klingon" .* is not known/],
    [{ 'tokenizer.ggml.model': 'bert' }, /tokenizers of the kind "bert" are not read/],
    [{ 'tokenizer.ggml.tokens': undefined }, /has no tokenizer/],
    [{ 'tokenizer.ggml.tokens': [1] }, /tokens is not a list of strings/],
    [{ 'tokenizer.ggml.merges': ['ab'] }, /merges has "ab", which is no pair/],
    [{ 'tokenizer.ggml.token_type': [1] }, /token_type has 1 entries for/],
  ])('%j is refused', (change, message) => {
    expect(() => ggufTokenizerFiles('x.gguf', { ...metadata, ...change })).toThrow(message)
  })
})

describe('a malformed GGUF file', () => {
  const whole = readFileSync(join(folder, 'llama.gguf'))
  const open = (bytes: Uint8Array): void => {
    const path = join(scratch, 'mutated.gguf')
    writeFileSync(path, bytes)
    openLocalModel(path).tensors.close()
  }
  const changed = (at: number, value: bigint): Uint8Array => {
    const bytes = new Uint8Array(whole)
    new DataView(bytes.buffer).setBigUint64(at, value, true)
    return bytes
  }

  it('is refused by name', () => {
    expect(() => open(new Uint8Array(0))).toThrow(/mutated.gguf is not a valid GGUF file/)
    expect(() => open(new TextEncoder().encode('GGML0000'))).toThrow(/does not begin with GGUF/)
    expect(() => open(changed(4, 99n))).toThrow(/version 99/)
    expect(() => open(changed(8, 2n ** 60n))).toThrow(/claims 1152921504606846976 tensors/)
    expect(() => open(changed(16, 2n ** 40n))).toThrow(/claims 1099511627776 metadata entries/)
    // The first key's length.
    expect(() => open(changed(24, 2n ** 62n))).toThrow(/characters of a text/)
  })

  it('that is cut short anywhere is refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 33 }), (length) => {
        expect(() => open(whole.subarray(0, length))).toThrow(UserError)
      }),
      { numRuns: 200 },
    )
  })

  it('with any eight header bytes changed opens, or is refused by a UserError', () => {
    const { tensors } = readGgufHeader(join(folder, 'llama.gguf'))
    const header = Math.min(...tensors.map(({ offset }) => offset))
    const place = fc.oneof(fc.integer({ min: 0, max: header - 8 }), fc.integer({ min: header - 1800, max: header - 8 }))
    fc.assert(
      fc.property(place, fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 300n)), (at, value) => {
        try {
          open(changed(at, value))
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
          expect((error as Error).message).toContain('mutated.gguf')
        }
      }),
      { numRuns: 1500 },
    )
  })
})
