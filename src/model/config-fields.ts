import { UserError } from '../base/errors.js'
import { shown } from '../base/shown.js'
import type { JsonObject } from './json.js'

/**
 * Far above any published dense model (405B: 126 layers, width 16,384), and low enough that no count derived from a
 * malformed config can exhaust memory before the weights' own shapes are checked.
 */
export const limits = { layers: 1024, width: 2 ** 20, heads: 2 ** 14, vocab: 2 ** 24, positions: 2 ** 31 }

/** Reads typed fields of a config and names file and field when one is wrong. */
export class Fields {
  readonly raw: JsonObject
  readonly where: string

  constructor(raw: JsonObject, where: string) {
    this.raw = raw
    this.where = where
  }

  fail(field: string, expected: string): never {
    throw new UserError(`${this.where}: ${field} is ${shown(this.raw[field])}, expected ${expected}`)
  }

  /** An integer in 1..max; `fallback` where the field is absent or null. */
  count(field: string, max: number, fallback?: number): number {
    const value = this.raw[field] ?? fallback
    if (value === undefined) throw new UserError(`${this.where}: ${field} is missing`)
    if (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) > max) {
      this.fail(field, `an integer from 1 to ${max}`)
    }
    return value as number
  }

  /** A finite number above 0. */
  positive(field: string, fallback?: number): number {
    const value = this.raw[field] ?? fallback
    if (value === undefined) throw new UserError(`${this.where}: ${field} is missing`)
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) this.fail(field, 'a number above 0')
    return value
  }

  flag(field: string, fallback: boolean): boolean {
    const value = this.raw[field] ?? fallback
    if (typeof value !== 'boolean') this.fail(field, 'true or false')
    return value
  }

  /** A flag, false where absent, that has two names. @throws UserError where they disagree */
  sameFlag(name: string, other: string): boolean {
    const value = this.flag(name, this.flag(other, false))
    if (this.flag(other, value) !== value) this.fail(other, `${value}, as ${name} says`)
    return value
  }

  /** Token ids: absent, null, one or a list. Old configs write -1 for none. */
  ids(field: string): number[] {
    const value = this.raw[field] ?? []
    const ids = Array.isArray(value) ? value : [value]
    if (!ids.every((id) => Number.isSafeInteger(id))) this.fail(field, 'a token id or a list of them')
    return ids.filter((id) => id >= 0)
  }
}
