/**
 * Rows of a data file, as plain objects: JSON lines, a JSON array, CSV or Parquet, told apart by the file's name. They
 * are streamed: at any time one line, one record, or what DuckDB may hold ({@link memoryLimit}) is in memory.
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { Readable } from 'node:stream'
import { parseExactJson } from '../../base/decimals.js'
import { UserError } from '../../base/errors.js'
import { splitLines } from '../../base/lines.js'
import { literalPath, query, quoted } from './duckdb.js'

export type Row = Record<string, unknown>

export const dataExtensions = ['.jsonl', '.ndjson', '.json', '.csv', '.parquet'] as const

/** All rows, in the file's order. A file that cannot be read as what it is named is a {@link UserError}. */
export async function readRows(path: string): Promise<Row[]> {
  const rows: Row[] = []
  for await (const row of streamRows(path)) rows.push(row)
  return rows
}

/** Row by row, in the file's order. @throws UserError as {@link readRows} does. */
export async function* streamRows(path: string): AsyncGenerator<Row> {
  await requireFile(path)
  switch (extname(path).toLowerCase()) {
    case '.jsonl':
    case '.ndjson':
      yield* jsonLines(path)
      break
    case '.json':
      yield* jsonArray(path)
      break
    case '.csv':
      yield* csv(path)
      break
    case '.parquet':
      yield* parquet(path)
      break
    default:
      throw new UserError(`${path}: not a data file that this reads`, { hint: `Known: ${dataExtensions.join(', ')}.` })
  }
}

/** A row and how often the file has it. */
export interface CountedRow {
  row: Row
  copies: number
}

/**
 * The rows with the named columns alone, equal ones once, in the order in which they first appear. Parquet is reduced
 * inside DuckDB, so that a set whose rows repeat a hundred times costs as much as one without; of other files every
 * row is given as it comes, with one copy.
 */
export async function* streamDistinct(path: string, columns: readonly string[]): AsyncGenerator<CountedRow> {
  if (extname(path).toLowerCase() !== '.parquet') {
    for await (const row of streamRows(path)) yield { row, copies: 1 }
    return
  }
  await requireFile(path)
  const names = columns.map(quoted).join(', ')
  const sql =
    `SELECT ${names}, count(*)::DOUBLE AS "#copies", min(file_row_number) AS "#first" ` +
    `FROM read_parquet($1, hive_partitioning = false, file_row_number = true) GROUP BY ${names} ORDER BY "#first"`
  for await (const rows of parquetQuery(path, sql)) {
    for (const { '#copies': copies, '#first': _, ...row } of rows) yield { row, copies: Number(copies) }
  }
}

/** The file's first row; undefined where it has none. */
export async function firstRow(path: string): Promise<Row | undefined> {
  for await (const row of streamRows(path)) return row
  return undefined
}

async function requireFile(path: string): Promise<void> {
  const status = await stat(path).catch(() => undefined)
  if (status === undefined) throw new UserError(`${path}: no such file`)
  if (!status.isFile()) throw new UserError(`${path}: not a file`)
}

async function* jsonLines(path: string): AsyncGenerator<Row> {
  for await (const { number, text, tooLong } of splitLines(createReadStream(path), path)) {
    const where = `${path}, line ${number}`
    if (tooLong) throw new UserError(`${where}: longer than 256 MiB`)
    if (text.trim() !== '') yield toRow(parseJson(text, where), where)
  }
}

/** DuckDB finds the objects, which JavaScript reads: their values are not made to fit columns. */
async function* jsonArray(path: string): AsyncGenerator<Row> {
  const sql = "SELECT json FROM read_json_objects($1, format = 'array', maximum_object_size = 67108864)"
  let number = 0
  try {
    for await (const rows of query(sql, [literalPath(path)])) {
      for (const { json } of rows) yield toRow(json, `${path}, row ${++number}`)
    }
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    throw new UserError(`${path}: holds no array of rows: ${message(cause)}`, { cause })
  }
}

/** The first line names the columns; every value is text. */
async function* csv(path: string): AsyncGenerator<Row> {
  const columns = (names: string[]): string[] => {
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined) throw new UserError(`${path}: has the column '${twice}' twice`)
    return names
  }
  const { parse } = await import('csv-parse')
  const parser = parse({ columns, bom: true, skip_empty_lines: true })
  const source = Readable.from(decoded(path))
  source.on('error', (error) => parser.destroy(error))
  try {
    for await (const row of source.pipe(parser)) yield row
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    throw new UserError(`${path}: not readable as CSV: ${message(cause)}`, { cause })
  } finally {
    source.destroy()
  }
}

/** A file's text. @throws UserError for bytes that are not UTF-8, which would be read as other characters */
async function* decoded(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    for await (const chunk of createReadStream(path)) yield decoder.decode(chunk, { stream: true })
    yield decoder.decode()
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    throw new UserError(`${path}: not UTF-8 text`, { hint: 'save the file as UTF-8', cause })
  }
}

async function* parquet(path: string): AsyncGenerator<Row> {
  for await (const rows of parquetQuery(path, 'SELECT * FROM read_parquet($1, hive_partitioning = false)')) yield* rows
}

async function* parquetQuery(path: string, sql: string): AsyncGenerator<Row[]> {
  const rows = query(sql, [literalPath(path)], { parquet: literalPath(path) })
  for (;;) {
    let next: IteratorResult<Row[]>
    try {
      next = await rows.next()
    } catch (cause) {
      throw new UserError(`${path}: not a readable Parquet file: ${message(cause)}`, { cause })
    }
    if (next.done) return
    yield next.value
  }
}

/** The first line; DuckDB adds the query below it. */
const message = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!

function parseJson(text: string, where: string): unknown {
  try {
    return parseExactJson(text)
  } catch (cause) {
    throw new UserError(`${where}: not JSON: ${message(cause)}`, { cause })
  }
}

function toRow(value: unknown, where: string): Row {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row
  throw new UserError(`${where}: not a JSON object`)
}
