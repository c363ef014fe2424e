/** What turns a piece of text into ids. */
import { shown } from '../../base/shown.js'
import { isObject } from '../json.js'
import { Unsupported } from './oniguruma.js'

export interface Model {
  /** @throws Unencodable */
  encode(piece: string): number[]
  readonly idOf: ReadonlyMap<string, number>
  readonly textOf: ReadonlyMap<number, string>
}

/** A text that a tokenizer has no tokens for. The library drops some of them in silence. */
export class Unencodable extends Error {
  readonly part: string

  constructor(part: string) {
    super(`the tokenizer has no token for ${shown(part)}, and none for unknown characters`)
    this.part = part
  }
}

/** A token's id is a 32-bit number in the library. */
const isId = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32

export function vocabularyOf(value: unknown): Map<string, number> {
  if (!isObject(value)) throw new Unsupported('a vocabulary that is no object')
  const idOf = new Map<string, number>()
  for (const [token, id] of Object.entries(value)) {
    if (!isId(id)) throw new Unsupported(`the id ${shown(id)} of the token ${shown(token)}`)
    idOf.set(token, id)
  }
  return idOf
}

export const reversed = (idOf: ReadonlyMap<string, number>): Map<number, string> =>
  new Map(Array.from(idOf, ([token, id]) => [id, token]))
