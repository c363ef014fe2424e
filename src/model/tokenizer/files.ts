/** The files of a model directory that describe its tokenizer: `tokenizer.json`, or sentencepiece's `tokenizer.model`. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../base/errors.js'
import { shown } from '../../base/shown.js'
import { readText } from '../file.js'
import { asNumber, isObject, type JsonObject, readJsonObject } from '../json.js'
import { addedToken, templateProcessing } from './build-json.js'
import { readSentencePiece } from './sentencepiece.js'
import { withStatedTokens } from './stated-tokens.js'
import type { TokenizerFiles } from './tokenizer.js'

export const hasTokenizer = (directory: string): boolean =>
  ['tokenizer.json', 'tokenizer.model'].some((name) => existsSync(join(directory, name)))

/** @throws UserError where the directory has no tokenizer, or a file of it is malformed */
export function readTokenizerFiles(directory: string): TokenizerFiles {
  const at = (name: string): string | undefined => {
    const path = join(directory, name)
    return existsSync(path) ? path : undefined
  }
  const configPath = at('tokenizer_config.json')
  const mapPath = at('special_tokens_map.json')
  // Old directories name their special tokens in the map only.
  const config: JsonObject = { ...(mapPath && readJsonObject(mapPath)), ...(configPath && readJsonObject(configPath)) }
  const jsonPath = at('tokenizer.json')
  const sentencePiecePath = at('tokenizer.model')
  let tokenizer: JsonObject
  if (jsonPath) tokenizer = readJsonObject(jsonPath)
  else if (sentencePiecePath) {
    tokenizer = readSentencePiece(sentencePiecePath)
    // Tokenizers of this kind add BOS unless they say otherwise, as their classes in Python do.
    config.add_bos_token ??= true
    config.bos_token ??= '<s>'
    config.eos_token ??= '</s>'
  } else {
    throw new UserError(`${directory} has no tokenizer: neither tokenizer.json nor tokenizer.model`, {
      hint: 'save the tokenizer beside the model, or give token ids instead of text',
    })
  }
  const templatePath = at('chat_template.jinja')
  const where = jsonPath ?? sentencePiecePath!
  if (jsonPath) requireOneStatement(tokenizer, config, where)
  return {
    tokenizer: jsonPath
      ? withStatedTokens(tokenizer, config, where)
      : withBeginAndEnd(withAddedTokens(tokenizer, config, where), config),
    config,
    chatTemplate: templatePath && readText(templatePath),
    templateWhere: templatePath ?? at('tokenizer_config.json'),
    where,
  }
}

/** Refuses settings of tokenizer_config.json that versions of transformers weigh differently against tokenizer.json. */
function requireOneStatement({ pre_tokenizer: pre }: JsonObject, config: JsonObject, where: string): void {
  const { add_prefix_space: stated, split_special_tokens: splits } = config
  if (splits === true) throw new UserError(`${where}: split_special_tokens in tokenizer_config.json is not supported`)
  if (typeof stated !== 'boolean' || !isObject(pre) || typeof pre.add_prefix_space !== 'boolean') return
  if (stated === pre.add_prefix_space) return
  throw new UserError(
    `${where}: its pre-tokenizer has add_prefix_space ${pre.add_prefix_space}, but tokenizer_config.json has ${stated}`,
    { hint: 'keep the one that the model was trained with' },
  )
}

/** A tokenizer made from another description, with the added tokens of its configuration in place of the pieces there. */
function withAddedTokens(tokenizer: JsonObject, config: JsonObject, where: string): JsonObject {
  const listed = Array.isArray(tokenizer.added_tokens) ? tokenizer.added_tokens.filter(isObject) : []
  const byId = new Map(listed.map((token) => [token.id, token]))
  const stated = isObject(config.added_tokens_decoder) ? config.added_tokens_decoder : {}
  for (const [key, token] of Object.entries(stated)) {
    const id = Number(key)
    if (!Number.isSafeInteger(id) || !isObject(token) || typeof token.content !== 'string') {
      throw new UserError(`${where}: added_tokens_decoder has the entry ${shown(key)}, which is no token`)
    }
    if (byId.get(id)?.content !== token.content) {
      byId.set(id, { ...addedToken(id, token.content, token.special === true), ...token, id })
    }
  }
  const added_tokens = [...byId.values()].sort((a, b) => asNumber(a.id) - asNumber(b.id))
  return { ...tokenizer, added_tokens }
}

/**
 * A tokenizer made from another description, with BOS and EOS as its configuration states. Where a tokenizer.json is
 * published, its own post-processor decides and these fields do not count, as in transformers.
 */
export function withBeginAndEnd(tokenizer: JsonObject, config: JsonObject): JsonObject {
  const special = (name: string): { token: string; id: number } | undefined => {
    const value = config[name]
    const token = isObject(value) ? value.content : value
    if (typeof token !== 'string') return undefined
    const id = idOf(tokenizer, token)
    return id === undefined ? undefined : { token, id }
  }
  const begin = config.add_bos_token === true ? special('bos_token') : undefined
  const end = config.add_eos_token === true ? special('eos_token') : undefined
  return { ...tokenizer, post_processor: templateProcessing(begin, end) }
}

function idOf(tokenizer: JsonObject, token: string): number | undefined {
  const listed = Array.isArray(tokenizer.added_tokens) ? tokenizer.added_tokens.filter(isObject) : []
  const added = listed.find(({ content }) => content === token)
  if (added) return asNumber(added.id)
  const vocab = isObject(tokenizer.model) ? tokenizer.model.vocab : undefined
  if (isObject(vocab)) return Object.hasOwn(vocab, token) ? asNumber(vocab[token]) : undefined
  if (!Array.isArray(vocab)) return undefined
  const id = vocab.findIndex((entry) => Array.isArray(entry) && entry[0] === token)
  return id === -1 ? undefined : id
}

/** The tokenizer as files of a Hugging Face directory, for a model that came without them. */
export function tokenizerSidecars({ tokenizer, config, chatTemplate }: TokenizerFiles): Map<string, string> {
  const sidecars = new Map([
    ['tokenizer.json', `${JSON.stringify(tokenizer)}\n`],
    ['tokenizer_config.json', `${JSON.stringify(config, null, 2)}\n`],
  ])
  if (chatTemplate !== undefined) sidecars.set('chat_template.jinja', chatTemplate)
  return sidecars
}
