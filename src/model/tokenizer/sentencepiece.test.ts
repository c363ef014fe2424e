import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { UserError } from '../../base/errors.js'
import { openLocalModel } from '../open.js'
import { readSentencePiece } from './sentencepiece.js'
import { createTokenizer } from './tokenizer.js'

// test/golden/make_sentencepiece.py writes the models, their ids and decoded texts by Python's sentencepiece.
const golden = JSON.parse(readFileSync('test/golden/sentencepiece.json', 'utf8')) as {
  texts: string[]
  models: Record<string, { model: string; ids: number[][]; decoded: string[] }>
  refused: Record<string, string>
}
const scratch = mkdtempSync(join(tmpdir(), 'isentrope-sentencepiece-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const write = (name: string, bytes: Uint8Array): string => {
  const path = join(scratch, name)
  writeFileSync(path, bytes)
  return path
}

describe.each(Object.entries(golden.models))('the sentencepiece model %s', (name, { model, ids, decoded }) => {
  const path = write(`${name}.model`, Buffer.from(model, 'base64'))
  const files = { tokenizer: readSentencePiece(path), config: {}, where: path }
  const tokenizer = createTokenizer(files, { eosTokenIds: [] })

  it('encodes as Python does', () => {
    golden.texts.forEach((text, i) => {
      // The block that stands for a space counts as one in Python when spaces are stripped.
      if (name === 'bpe-strip-spaces' && text.includes('▁')) return
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids[i])
    })
  })

  it('decodes as Python does', () => {
    golden.texts.forEach((text, i) => {
      if (name === 'bpe-strip-spaces' && text.includes('▁')) return
      // Python shows unknown pieces as " ⁇ ".
      if (ids[i].includes(0)) return
      expect(tokenizer.decode(ids[i]), JSON.stringify(text)).toBe(decoded[i])
    })
  })
})

describe('a model directory with tokenizer.model', () => {
  const directory = join(scratch, 'internlm2')
  mkdirSync(directory)
  for (const file of ['config.json', 'generation_config.json', 'model.safetensors']) {
    cpSync(join('test/fixtures/models/internlm2', file), join(directory, file))
  }
  const { model, ids } = golden.models.bpe
  writeFileSync(join(directory, 'tokenizer.model'), Buffer.from(model, 'base64'))
  const decoder = { '50': { content: '<|im_start|>', special: true }, '51': { content: '<|im_end|>', special: true } }
  const config = { add_bos_token: true, bos_token: '<s>', eos_token: '</s>', added_tokens_decoder: decoder }
  writeFileSync(join(directory, 'tokenizer_config.json'), JSON.stringify(config))
  const opened = openLocalModel(directory)
  opened.tensors.close()

  it('adds BOS, and not where special tokens are off', () => {
    const at = golden.texts.indexOf('Hello world')
    expect(opened.tokenizer.encode('Hello world')).toEqual([1, ...ids[at]])
    expect(opened.tokenizer.encode('Hello world', { special: false })).toEqual(ids[at])
  })

  it('puts the added tokens in place of the pieces with their ids', () => {
    const encoded = opened.tokenizer.encode('<|im_start|>a<|im_end|>', { special: false })
    expect([encoded[0], encoded.at(-1)]).toEqual([50, 51])
    expect(opened.tokenizer.decode(encoded, { skipSpecial: true })).toBe('a')
  })

  it('ends with the ids of config.json, generation_config.json and the tokenizer', () => {
    expect(opened.tokenizer.eosTokenIds).toEqual([2, 60])
  })
})

describe('a model that is not read', () => {
  it.each([
    ['unigram-bytes', /unigram model with byte fallback is not read/],
    ['word', /model of type word is not read/],
  ])('%s is refused by name', (name, message) => {
    const path = write(`${name}.model`, Buffer.from(golden.refused[name], 'base64'))
    expect(() => readSentencePiece(path)).toThrow(message)
  })

  it('is refused where it is no sentencepiece model', () => {
    expect(() => readSentencePiece(write('empty.model', new Uint8Array(0)))).toThrow(/has no pieces/)
    expect(() => readSentencePiece(write('text.model', Buffer.from('no model at all')))).toThrow(UserError)
  })

  it('mutated anywhere opens, or is refused by a UserError', () => {
    const whole = new Uint8Array(Buffer.from(golden.models.bpe.model, 'base64'))
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
        const bytes = whole.slice(0, length)
        if (at < length) bytes[at] = byte
        try {
          readSentencePiece(write('mutated.model', bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
        }
      }),
      { numRuns: 300 },
    )
  })
})
