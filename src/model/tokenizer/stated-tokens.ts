/**
 * Added tokens stand in tokenizer.json, with their flags again in tokenizer_config.json (`added_tokens_decoder`), and
 * their roles there too (`eos_token`, `additional_special_tokens`). This joins them as transformers 5 does. The library
 * numbers new tokens itself; a file that states another id is refused, since the id would be ignored in silence.
 */

import { UserError } from '../../base/errors.js'
import { shown } from '../../base/shown.js'
import { asNumber, asText, isObject, type JsonObject } from '../json.js'
import { addedToken } from './build-json.js'
import { specialNames } from './tokenizer.js'

const flags = ['single_word', 'lstrip', 'rstrip', 'normalized', 'special'] as const

/** @throws UserError where the two files contradict each other, or state an id that the library would not give */
export function withStatedTokens(tokenizer: JsonObject, config: JsonObject, where: string): JsonObject {
  const tokens = new Map<string, JsonObject>()
  const listed = Array.isArray(tokenizer.added_tokens) ? tokenizer.added_tokens.filter(isObject) : []
  const vocabulary = vocabularyOf(tokenizer.model)
  const give = (content: string): number => {
    const known = tokens.get(content)?.id ?? vocabulary.get(content)
    if (known !== undefined) return known as number
    let largest = -1
    for (const { id } of tokens.values()) largest = Math.max(largest, asNumber(id))
    return Math.max(largest + 1, vocabulary.size)
  }
  const add = (content: string, token: JsonObject, stated: number | undefined, origin: string): void => {
    const id = give(content)
    if (stated !== undefined && stated !== id) {
      throw new UserError(
        `${where}: ${origin} says that ${shown(content)} has the id ${stated}; transformers reads it as ${id}`,
        { hint: 'save the tokenizer again with transformers' },
      )
    }
    tokens.set(content, { ...tokens.get(content), ...token, id, content })
  }

  for (const token of listed) {
    if (typeof token.content === 'string' && token.content !== '') {
      add(token.content, token, asNumber(token.id), 'added_tokens')
    }
  }
  const decoder = isObject(config.added_tokens_decoder) ? config.added_tokens_decoder : {}
  for (const [key, token] of Object.entries(decoder)) {
    const id = Number(key)
    if (!Number.isSafeInteger(id) || !isObject(token) || typeof token.content !== 'string') {
      throw new UserError(`${where}: added_tokens_decoder has the entry ${shown(key)}, which is no token`)
    }
    if (token.content === '') continue
    const stated = Object.fromEntries(
      flags.filter((flag) => typeof token[flag] === 'boolean').map((flag) => [flag, token[flag]]),
    )
    const before = tokens.get(token.content) ?? addedToken(id, token.content, token.special === true)
    add(token.content, { ...before, ...stated }, id, 'added_tokens_decoder of tokenizer_config.json')
  }
  for (const content of specialContents(config)) {
    add(content, { ...(tokens.get(content) ?? addedToken(0, content, true)), special: true }, undefined, '')
  }
  return { ...tokenizer, added_tokens: [...tokens.values()] }
}

function vocabularyOf(model: unknown): Map<string, number> {
  const vocab = isObject(model) ? model.vocab : undefined
  if (isObject(vocab)) return new Map(Object.entries(vocab).map(([token, id]) => [token, asNumber(id)]))
  if (!Array.isArray(vocab)) return new Map()
  return new Map(vocab.map((entry, id) => [asText(Array.isArray(entry) ? entry[0] : entry), id]))
}

/** The tokens that the configuration names as special. */
function specialContents(config: JsonObject): string[] {
  const more = [config.additional_special_tokens, config.extra_special_tokens].flatMap((value) =>
    Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [],
  )
  const contents = [...specialNames.map((name) => config[name]), ...more].map((value) =>
    isObject(value) ? value.content : value,
  )
  return [...new Set(contents)].filter((content): content is string => typeof content === 'string' && content !== '')
}
