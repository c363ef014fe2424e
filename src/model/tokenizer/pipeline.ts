/**
 * A tokenizer.json as functions: text to ids and back, as the tokenizers library (Rust) computes them. What is not
 * computed as there is refused by name; docs/models.md lists what is.
 */
import { UserError } from '../../base/errors.js'
import { withinTime } from '../../base/time-limit.js'
import { isObject, type JsonObject } from '../json.js'
import { matcherOf, readAddedTokens, type Section } from './added-tokens.js'
import { createDecoder } from './decoders.js'
import { type Model, Unencodable } from './model.js'
import { createModel } from './models.js'
import { createNormalizer } from './normalizers.js'
import { Unsupported } from './oniguruma.js'
import { createPostProcessor } from './post-processors.js'
import { asksForStart, createPreTokenizer } from './pre-tokenizers.js'

export interface Pipeline {
  /** @throws UserError for a text that cannot be encoded */
  encode(text: string, special: boolean): number[]
  decode(ids: readonly number[], skipSpecial: boolean): string
  idOf(token: string): number | undefined
  textOf(id: number): string | undefined
}

/** Encoding and decoding take microseconds per character; a pattern that backtracks takes forever. */
const milliseconds = 20_000

/** @throws UserError where the file describes no tokenizer that is computed as the library does */
export function createPipeline(tokenizer: JsonObject, where: string): Pipeline {
  const part = <T>(what: string, create: () => T): T => {
    try {
      return create()
    } catch (cause) {
      const { message } = cause as Error
      if (cause instanceof Unsupported)
        throw new UserError(`${where}: its ${what} has ${message}, which is not supported`, { cause })
      throw new UserError(`${where} describes no tokenizer that can be built: its ${what}: ${message}`, { cause })
    }
  }
  if (typeof tokenizer.model !== 'object' || tokenizer.model === null) {
    throw new UserError(`${where} describes no tokenizer that can be built: it has no model`)
  }
  const normalize = part('normalizer', () => createNormalizer(tokenizer.normalizer))
  const preTokenize = part('pre-tokenizer', () => createPreTokenizer(tokenizer.pre_tokenizer))
  const model: Model = part('model', () => createModel(tokenizer.model))
  const around = part('post-processor', () => createPostProcessor(tokenizer.post_processor))
  const decoder = part('decoder', () => createDecoder(tokenizer.decoder))
  const added = part('list of added tokens', () => readAddedTokens(tokenizer.added_tokens))

  const encodeLimits = hasPattern(tokenizer.normalizer) || hasPattern(tokenizer.pre_tokenizer)
  const decodeLimits = hasPattern(tokenizer.decoder)
  const tooLong = () =>
    new UserError(`${where}: its patterns take more than ${milliseconds / 1000} s on a text`, {
      hint: 'they backtrack; use the model’s published tokenizer.json',
    })
  const guarded = <T>(limits: boolean, work: () => T): T => {
    try {
      return limits ? withinTime(milliseconds, tooLong, work) : work()
    } catch (cause) {
      if (cause instanceof Unencodable) throw new UserError(`${where}: ${cause.message}`, { cause })
      if (cause instanceof Unsupported) throw new UserError(`${where}: ${cause.message} is not supported`, { cause })
      throw cause
    }
  }

  const addedIds = new Map(added.map(({ content, id }) => [content, id]))
  const addedTexts = new Map(added.map(({ content, id }) => [id, content]))
  const special = new Set(added.filter((token) => token.special).map(({ content }) => content))
  const matchRaw = part('list of added tokens', () => matcherOf(added.filter((token) => !token.normalized)))
  const asNormalized = added
    .filter((token) => token.normalized)
    .map((token) => ({
      ...token,
      content: guarded(encodeLimits, () => normalize?.(token.content) ?? token.content),
    }))
  const matchNormalized = part('list of added tokens', () => matcherOf(asNormalized))
  const asksStart = part('pre-tokenizer', () => asksForStart(tokenizer.pre_tokenizer))
  if (asksStart && normalize !== undefined) {
    throw new UserError(
      `${where}: its pre-tokenizer has the prepend_scheme "first" behind a normalizer, which is not supported`,
    )
  }
  const textOf = (id: number): string | undefined => addedTexts.get(id) ?? model.textOf.get(id)

  const encodePlain = (text: string, atStart: boolean, ids: number[]): void => {
    const pieces = [{ text, atStart }]
    for (const piece of preTokenize === undefined ? pieces : preTokenize(pieces)) {
      for (const id of model.encode(piece.text)) ids.push(id)
    }
  }
  const encodeWhole = (text: string): number[] => {
    const ids: number[] = []
    const between = (section: Section, take: () => void): void => {
      if (section.id === undefined) take()
      else ids.push(section.id)
    }
    for (const section of matchRaw(text)) {
      between(section, () => {
        const raw = text.slice(section.start, section.end)
        const normalized = normalize?.(raw) ?? raw
        const atStart = asksStart && section.start === 0
        for (const inner of matchNormalized(normalized)) {
          between(inner, () => encodePlain(normalized.slice(inner.start, inner.end), atStart && inner.start === 0, ids))
        }
      })
    }
    return ids
  }
  return {
    encode(text, addSpecial) {
      if (/\p{Surrogate}/u.test(text)) {
        throw new UserError('the text has half of a surrogate pair, which is no character', {
          hint: 'look for \\ud800 to \\udfff in the data',
        })
      }
      const ids = guarded(encodeLimits, () => encodeWhole(text))
      return addSpecial ? [...around.before, ...ids, ...around.behind] : ids
    },
    decode(ids, skipSpecial) {
      const tokens = ids.flatMap((id) => textOf(id) ?? [])
      const shown = skipSpecial ? tokens.filter((token) => !special.has(token)) : tokens
      return guarded(decodeLimits, () => decoder(shown)).join('')
    },
    idOf: (token) => addedIds.get(token) ?? model.idOf.get(token),
    textOf,
  }
}

/** Whether a part of the file brings regular expressions of its own. */
function hasPattern(value: unknown, depth = 0): boolean {
  if (depth > 64) return true
  if (Array.isArray(value)) return value.some((each) => hasPattern(each, depth + 1))
  return isObject(value) && ('Regex' in value || Object.values(value).some((each) => hasPattern(each, depth + 1)))
}
