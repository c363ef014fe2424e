/** Reading columns whose names and shapes differ between data sets. */
import { plainDecimal } from '../../base/decimals.js'
import { UserError } from '../../base/errors.js'
import { near } from '../../base/nearest-name.js'
import { listed } from '../../base/shown.js'
import type { ChatMessage } from '../../model/types.js'
import type { Row } from './rows.js'

/** The value at a column; a dot reaches into a nested one (`reward_model.ground_truth`). */
export function column(row: Row, name: string): unknown {
  if (Object.hasOwn(row, name)) return row[name]
  let value: unknown = row
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Row)[part]
  }
  return value
}

/** Column names that public data sets use, in the order tried. */
export const promptColumns = ['prompt', 'question', 'problem', 'instruction', 'input'] as const
export const answerColumns = ['answer', 'reward_model.ground_truth', 'solution', 'label', 'target'] as const

/** The column asked for, or the first of the usual ones that the row has. Throws where there is none. */
export function chooseColumn(row: Row, asked: string | undefined, usual: readonly string[], where: string): string {
  const candidates = asked === undefined ? usual : [asked]
  const found = candidates.find((name) => column(row, name) !== undefined)
  if (found !== undefined) return found
  const present = Object.keys(row)
  const meant = asked === undefined ? undefined : near(asked, present)
  throw new UserError(`${where}: no column ${candidates.map((name) => `'${name}'`).join(' or ')}`, {
    hint: meant === undefined ? `Its columns: ${listed(present)}.` : `Did you mean '${meant}'?`,
  })
}

/**
 * A text column as text: numbers are written out, whole ones without a fraction (70.0 is 70).
 * @throws UserError for what is missing (null, or not a number, which pandas writes for it), and for lists and objects
 */
export function asText(value: unknown, where: string): string {
  if (typeof value === 'string') return value
  if (value == null || Number.isNaN(value)) throw new UserError(`${where}: neither text nor a number, but missing`)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new UserError(`${where}: infinite`)
    return plainDecimal(value)
  }
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value) && value.length === 1) return asText(value[0], where)
  throw new UserError(`${where}: neither text nor a number`)
}

/** Text, or a chat: a list of {role, content}. */
export function asPrompt(value: unknown, where: string): string | ChatMessage[] {
  if (!Array.isArray(value)) return asText(value, where)
  return value.map((message: unknown) => {
    const { role, content } = (message ?? {}) as Record<string, unknown>
    if (typeof role !== 'string' || typeof content !== 'string') {
      throw new UserError(`${where}: a chat is a list of {role, content} with texts`)
    }
    return { role, content }
  })
}
