/**
 * A GGUF file's tokenizer, rebuilt from its metadata: tokens, their types and merges or scores stand there in full,
 * the pre-tokenizer only as a name, which the table below turns back into the patterns of the published tokenizers.
 */

import { UserError } from '../../base/errors.js'
import { shown } from '../../base/shown.js'
import type { JsonObject } from '../json.js'
import { byteLevelJson, sentencePieceBpeJson } from '../tokenizer/build-json.js'
import { withBeginAndEnd } from '../tokenizer/files.js'
import type { TokenizerFiles } from '../tokenizer/tokenizer.js'

const isolatedSplit = (Regex: string): JsonObject => ({
  type: 'Split',
  pattern: { Regex },
  behavior: 'Isolated',
  invert: false,
})
const digits: JsonObject = { type: 'Digits', individual_digits: true }
const byteLevel = (use_regex: boolean): JsonObject => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex,
})
const sequence = (...pretokenizers: JsonObject[]): JsonObject => ({ type: 'Sequence', pretokenizers })

const llama3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
const qwen2 = llama3.replace('\\p{N}{1,3}', '\\p{N}')
const cjk = '[一-龥\u3040-\u309f\u30a0-\u30ff]+'

interface PreTokenizer {
  pre: JsonObject
  normalizer?: JsonObject
  ignoreMerges?: boolean
  /** Texts get a BOS where the file does not say: llama.cpp's rule (src/llama-vocab.cpp), as the published files do. */
  addBos?: boolean
}

/** Pre-tokenizers by the name in `tokenizer.ggml.pre`, as the tokenizer.json of the model has them. */
const preTokenizers: Record<string, PreTokenizer> = {
  'gpt-2': { pre: byteLevel(true) },
  smollm: { pre: sequence(digits, byteLevel(true)) },
  'llama-bpe': { pre: sequence(isolatedSplit(llama3), byteLevel(false)), ignoreMerges: true, addBos: true },
  qwen2: { pre: sequence(isolatedSplit(qwen2), byteLevel(false)), normalizer: { type: 'NFC' } },
  'deepseek-r1-qwen': { pre: sequence(isolatedSplit(qwen2), byteLevel(false)) },
  'deepseek-v3': {
    pre: sequence(
      isolatedSplit('\\p{N}{1,3}'),
      isolatedSplit(cjk),
      isolatedSplit(
        '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
      ),
      byteLevel(false),
    ),
  },
}

const aliases: Record<string, string> = {
  default: 'gpt-2',
  gpt2: 'gpt-2',
  starcoder: 'smollm',
  llama3: 'llama-bpe',
  'llama-v3': 'llama-bpe',
  'deepseek-r1': 'deepseek-v3',
  qwen3: 'qwen2',
}

/** @throws UserError for metadata that describes no tokenizer, or one of a kind or pre-tokenizer that is not known */
export function ggufTokenizerFiles(path: string, metadata: Readonly<Record<string, unknown>>): TokenizerFiles {
  const get = (name: string): unknown => metadata[`tokenizer.ggml.${name}`]
  const tokens = listOf(path, 'tokens', get('tokens'), 'string')
  if (tokens === undefined) {
    throw new UserError(`${path} has no tokenizer: its metadata lacks tokenizer.ggml.tokens`)
  }
  const types = listOf(path, 'token_type', get('token_type'), 'number')
  if (types && types.length !== tokens.length) {
    throw new UserError(`${path}: tokenizer.ggml.token_type has ${types.length} entries for ${tokens.length} tokens`)
  }
  const kind = get('model')
  const tokenAt = (name: string): string | undefined => tokens[Number(get(`${name}_token_id`) ?? -1)]
  const named = Object.fromEntries(
    Object.entries({ bos: 'bos', eos: 'eos', unk: 'unknown', pad: 'padding' })
      .map(([short, name]) => [`${short}_token`, tokenAt(name)])
      .filter(([, token]) => token !== undefined),
  )
  const template = metadata['tokenizer.chat_template']
  const config: JsonObject = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    clean_up_tokenization_spaces: false,
    add_bos_token: flag(get('add_bos_token'), kind === 'llama' || preTokenizerOf(get('pre'))?.addBos === true),
    add_eos_token: flag(get('add_eos_token'), false),
    ...named,
    ...(typeof template === 'string' ? { chat_template: template } : {}),
  }
  const where = `${path}: its tokenizer metadata`
  const finish = (tokenizer: JsonObject): TokenizerFiles => ({
    tokenizer: withBeginAndEnd(tokenizer, config),
    config,
    where,
  })
  if (kind === 'gpt2') return finish(byteLevelTokenizer(path, { tokens, types }, get))
  if (kind === 'llama') {
    const scores = listOf(path, 'scores', get('scores'), 'number')
    if (scores?.length !== tokens.length)
      throw new UserError(`${path}: tokenizer.ggml.scores does not match the tokens`)
    return finish(
      sentencePieceBpeJson({
        tokens,
        types,
        scores,
        addDummyPrefix: flag(get('add_space_prefix'), true),
        removeExtraWhitespaces: flag(get('remove_extra_whitespaces'), false),
        byteFallback: true,
        unknownId: Number(get('unknown_token_id') ?? 0),
      }),
    )
  }
  throw new UserError(`${path}: tokenizers of the kind ${shown(kind)} are not read`, {
    hint: 'gpt2 (byte-level BPE) and llama (sentencepiece) are',
  })
}

function byteLevelTokenizer(
  path: string,
  vocabulary: { tokens: string[]; types: number[] | undefined },
  get: (name: string) => unknown,
): JsonObject {
  const merges = listOf(path, 'merges', get('merges'), 'string')
  if (merges === undefined) throw new UserError(`${path}: its metadata lacks tokenizer.ggml.merges`)
  const known = preTokenizerOf(get('pre'))
  if (known === undefined) {
    throw new UserError(`${path}: the pre-tokenizer ${shown(get('pre'))} (tokenizer.ggml.pre) is not known`, {
      hint: `known are ${[...Object.keys(preTokenizers), ...Object.keys(aliases)].join(', ')}`,
    })
  }
  const pairs = merges.map((merge): [string, string] => {
    const at = merge.indexOf(' ', 1)
    if (at === -1) throw new UserError(`${path}: tokenizer.ggml.merges has ${shown(merge)}, which is no pair`)
    return [merge.slice(0, at), merge.slice(at + 1)]
  })
  return byteLevelJson(vocabulary, pairs, known.pre, known)
}

function preTokenizerOf(pre: unknown): PreTokenizer | undefined {
  const name = String(pre ?? 'default')
  const known = Object.hasOwn(aliases, name) ? aliases[name] : name
  return Object.hasOwn(preTokenizers, known) ? preTokenizers[known] : undefined
}

const flag = (value: unknown, fallback: boolean): boolean => (typeof value === 'boolean' ? value : fallback)

function listOf(path: string, name: string, value: unknown, kind: 'string'): string[] | undefined
function listOf(path: string, name: string, value: unknown, kind: 'number'): number[] | undefined
function listOf(path: string, name: string, value: unknown, kind: string): unknown[] | undefined {
  if (value === undefined) return undefined
  if (Array.isArray(value) && value.every((item) => typeof item === kind)) return value
  throw new UserError(`${path}: tokenizer.ggml.${name} is not a list of ${kind}s`)
}
