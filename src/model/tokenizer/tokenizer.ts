/** Text to ids and back, and chats to text, from the files of a model directory or from a GGUF file's metadata. */

import { UserError } from '../../base/errors.js'
import { isObject, type JsonObject } from '../json.js'
import { compileChatTemplate } from '../template/chat.js'
import type { DecoderConfig, Tokenizer } from '../types.js'
import { createPipeline } from './pipeline.js'

/** What a tokenizer is built from. */
export interface TokenizerFiles {
  /** `tokenizer.json`, parsed. */
  tokenizer: JsonObject
  /** `tokenizer_config.json`, parsed; empty where the model has none. */
  config: JsonObject
  /** `chat_template.jinja`, which goes before the template in `tokenizer_config.json`. */
  chatTemplate?: string
  /** The file that the chat template is from, for errors. */
  templateWhere?: string
  /** Names the origin in errors. */
  where: string
}

export const specialNames = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token']

/**
 * @param ids the model's own special ids, which win over the tokenizer's
 * @throws UserError where the files describe no tokenizer that can be built
 */
export function createTokenizer(
  files: TokenizerFiles,
  ids: Pick<DecoderConfig, 'bosTokenId' | 'eosTokenIds' | 'padTokenId'>,
): Tokenizer {
  const pipeline = createPipeline(files.tokenizer, files.where)
  const specialTokens = specialTokensOf(files.config)
  const idOf = (name: string): number | undefined => {
    const token = specialTokens[name]
    return token === undefined ? undefined : pipeline.idOf(token)
  }
  const tokenizerEos = idOf('eos_token')
  const bosTokenId = idOf('bos_token') ?? ids.bosTokenId
  const template = files.chatTemplate ?? defaultTemplate(files.config.chat_template, files.where)
  let compiled: ReturnType<typeof compileChatTemplate> | undefined
  const compile = (source: string) => {
    compiled ??= compileChatTemplate(source, specialTokens, files.templateWhere ?? files.where)
    return compiled
  }

  return {
    bosTokenId,
    eosTokenIds: [...new Set([...ids.eosTokenIds, ...(tokenizerEos === undefined ? [] : [tokenizerEos])])],
    padTokenId: ids.padTokenId ?? idOf('pad_token'),
    chatTemplate: template,
    encode(text, { special = true } = {}) {
      return withoutSecondBos(pipeline.encode(text, special), () => pipeline.encode(text, false), bosTokenId)
    },
    decode(tokenIds, { skipSpecial = false } = {}) {
      // Ids that pad the vocabulary have no text, as in transformers.
      return pipeline.decode(Array.from(tokenIds), skipSpecial)
    },
    renderChat(messages, options) {
      if (template === undefined) {
        throw new UserError(`${files.where} has no chat template`, {
          hint: 'use plain prompts, or an instruction-tuned model',
        })
      }
      return compile(template).render(messages, options)
    },
    templateReads: (name) => (template === undefined ? undefined : compile(template).reads(name)),
  }
}

/** A text that begins with BOS gets no second one, which the models have not seen. `bare`: without special tokens. */
function withoutSecondBos(ids: number[], bare: () => number[], bos: number | undefined): number[] {
  if (bos === undefined || ids[0] !== bos || ids[1] !== bos) return ids
  const written = leading(bare(), bos)
  return written > 0 && leading(ids, bos) > written ? ids.slice(1) : ids
}

/** How often `id` stands at the beginning. */
function leading(ids: readonly number[], id: number): number {
  const other = ids.findIndex((each) => each !== id)
  return other < 0 ? ids.length : other
}

/** Special tokens as text; `tokenizer_config.json` writes them as text or as an added token's object. */
function specialTokensOf(config: JsonObject): Record<string, string> {
  const tokens: Record<string, string> = {}
  for (const name of specialNames) {
    const value = config[name]
    if (typeof value === 'string') tokens[name] = value
    else if (isObject(value) && typeof value.content === 'string') tokens[name] = value.content
  }
  return tokens
}

/** A template, or the one called `default` in a list of named ones. */
function defaultTemplate(value: unknown, where: string): string | undefined {
  if (value == null) return undefined
  if (typeof value === 'string') return value
  if (Array.isArray(value)) {
    const named = value.find((item) => isObject(item) && item.name === 'default')
    if (isObject(named) && typeof named.template === 'string') return named.template
    return undefined
  }
  throw new UserError(`${where}: chat_template is neither text nor a list of named templates`)
}
