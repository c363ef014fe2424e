/** Rows of a data file, as plain objects: JSON lines, a JSON array, CSV or Parquet, told apart by the file's name. */
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { parse as parseCsv } from 'csv-parse/sync'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { UserError } from '../../config/errors.js'

export type Row = Record<string, unknown>

export const dataExtensions = ['.jsonl', '.ndjson', '.json', '.csv', '.parquet'] as const

/** All rows, in the file's order, held in memory. A file that cannot be read as what it is named is a {@link UserError}. */
export async function readRows(path: string): Promise<Row[]> {
  const status = await stat(path).catch(() => undefined)
  if (status === undefined) throw new UserError(`${path}: no such file`)
  if (!status.isFile()) throw new UserError(`${path}: not a file`)
  switch (extname(path).toLowerCase()) {
    case '.jsonl':
    case '.ndjson':
      return readJsonLines(path)
    case '.json':
      return readJsonArray(path)
    case '.csv':
      return readCsv(path)
    case '.parquet':
      return readParquet(path)
    default:
      throw new UserError(`${path}: not a data file that this reads`, { hint: `Known: ${dataExtensions.join(', ')}.` })
  }
}

async function readJsonLines(path: string): Promise<Row[]> {
  const rows: Row[] = []
  let number = 0
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    number++
    const text = number === 1 ? line.replace(/^\ufeff/, '') : line
    if (text.trim() !== '') rows.push(toRow(parseJson(text, `${path}, line ${number}`), `${path}, line ${number}`))
  }
  return rows
}

async function readJsonArray(path: string): Promise<Row[]> {
  const value = parseJson(await readFile(path, 'utf8'), path)
  if (!Array.isArray(value)) throw new UserError(`${path}: holds no array of rows`)
  return value.map((row, i) => toRow(row, `${path}, row ${i + 1}`))
}

/** The first line names the columns; every value is text. */
async function readCsv(path: string): Promise<Row[]> {
  try {
    return parseCsv(await readFile(path), { columns: true, bom: true, skip_empty_lines: true })
  } catch (cause) {
    throw new UserError(`${path}: not readable as CSV: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

async function readParquet(path: string): Promise<Row[]> {
  try {
    return await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors })
  } catch (cause) {
    throw new UserError(`${path}: not a readable Parquet file: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    })
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UserError(`${where}: not JSON: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

function toRow(value: unknown, where: string): Row {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row
  throw new UserError(`${where}: not a JSON object`)
}
