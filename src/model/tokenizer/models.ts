import { shown } from '../../base/shown.js'
import { isObject, type JsonObject } from '../json.js'
import { createBpe } from './bpe.js'
import { type Model, reversed, Unencodable, vocabularyOf } from './model.js'
import { Unsupported } from './oniguruma.js'
import { createUnigram } from './unigram.js'

/** @throws Unsupported for a model that is not computed as the library does */
export function createModel(value: unknown): Model {
  if (!isObject(value)) throw new Unsupported('no model')
  switch (value.type) {
    case 'BPE':
      return createBpe(value)
    case 'Unigram':
      return createUnigram(value)
    case 'WordLevel':
      return createWordLevel(value)
    default:
      throw new Unsupported(`the type ${shown(value.type)}`)
  }
}

function createWordLevel(value: JsonObject): Model {
  const idOf = vocabularyOf(value.vocab)
  const unknown = typeof value.unk_token === 'string' ? idOf.get(value.unk_token) : undefined
  return {
    idOf,
    textOf: reversed(idOf),
    encode(piece) {
      const id = idOf.get(piece) ?? unknown
      if (id === undefined) throw new Unencodable(piece)
      return [id]
    },
  }
}
