/** Reading fields of parsed JSON with complaints that name the place. */
import { UserError } from '../../base/errors.js'

export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value with the place it stands at: line `FILE:3`, path `choices[0].logprobs`. */
export class Field {
  readonly value: unknown
  readonly line: string
  readonly path: string

  constructor(value: unknown, line: string, path = '') {
    this.value = value
    this.line = line
    this.path = path
  }

  get where(): string {
    return this.path === '' ? this.line : `${this.line} ${this.path}`
  }

  fail(message: string, hint?: string): never {
    throw new UserError(`${this.where}: ${message}`, { hint })
  }

  /** The field `name` of an object; its value may be undefined. */
  at(name: string | number): Field {
    const step = typeof name === 'number' ? `[${name}]` : this.path === '' ? name : `.${name}`
    const value = this.value as JsonObject | undefined | null
    return new Field(value?.[name], this.line, this.path + step)
  }

  /** Whether an object has the field, and not as null. */
  has(name: string): boolean {
    return isObject(this.value) && this.value[name] !== undefined && this.value[name] !== null
  }

  list(): Field[] {
    if (!Array.isArray(this.value)) return this.fail(`must be a list (got ${shown(this.value)})`)
    return this.value.map((_, i) => this.at(i))
  }

  /** Keys with their values; the keys count as text. */
  entries(): [string, Field][] {
    if (!isObject(this.value)) return this.fail(`must be an object (got ${shown(this.value)})`)
    const object = this.value
    return Object.keys(object).map((key) => [
      key,
      new Field(object[key], this.line, `${this.path}[${JSON.stringify(key)}]`),
    ])
  }

  number(): number {
    if (typeof this.value !== 'number') return this.fail(`must be a number (got ${shown(this.value)})`)
    return this.value
  }

  optionalNumber(name: string): number | undefined {
    return this.has(name) ? this.at(name).number() : undefined
  }

  /** A token: its text, or its id as text. */
  token(): string {
    if (typeof this.value !== 'string' && typeof this.value !== 'number') {
      return this.fail(`must be a token's text or id (got ${shown(this.value)})`)
    }
    return String(this.value)
  }

  /** A log-probability in nats. Servers write -9999.0 where JSON has no -Infinity. */
  logprob(): number {
    const value = this.value === '-Infinity' ? Number.NEGATIVE_INFINITY : this.number()
    return value <= clampedLogprob ? Number.NEGATIVE_INFINITY : value
  }
}

/** vLLM and others write max(log p, -9999.0). */
const clampedLogprob = -9999

/**
 * The sampled token with its list, where its log-probability is no more than a placeholder: to OpenAI -9999.0 says that
 * the token is not among the most likely ones, to vLLM that its probability is 0 or that nothing is known of it. What
 * holds in all three is that the list does not have it.
 */
export function withoutPlaceholder<T extends { logprob?: number; topLogprobs: number[]; sampledInTop: boolean }>(
  token: T,
): T {
  if (token.logprob !== Number.NEGATIVE_INFINITY) return token
  const topLogprobs = [...token.topLogprobs]
  if (token.sampledInTop) topLogprobs.splice(topLogprobs.indexOf(token.logprob), 1)
  return { ...token, logprob: undefined, topLogprobs, sampledInTop: false }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 40 ? `${text.slice(0, 37)}...` : text
}

/** Whether two log-probabilities are one number, printed twice. */
export function sameLogprob(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= 1e-6 * (1 + Math.abs(a))
}

/** The largest of ids written as text; undefined where there is none. */
export function largestId(ids: readonly string[]): number | undefined {
  return ids
    .map(Number)
    .reduce((a: number | undefined, b) => (Number.isInteger(b) ? Math.max(a ?? b, b) : a), undefined)
}
