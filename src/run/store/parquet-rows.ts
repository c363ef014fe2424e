/**
 * Rows of a Parquet file that a run wrote, read by DuckDB: it ends on files that make JavaScript readers loop or run out of
 * memory. Values are those of the file: floats of both widths as they are, not-a-number included, integers as numbers.
 */
import { statSync } from 'node:fs'
import { UserError } from '../../base/errors.js'
import { literalPath, query, quoted } from '../../task/data/duckdb.js'

export type ParquetRow = Record<string, unknown>

/** Values of a file that are read at most, over all columns: a step of 512 completions of 32,768 tokens has fewer. */
const mostValues = 2 ** 28
/** Seconds that reading a file may take. */
const longest = 300

const read = (path: string, sql: string) => query(sql, [literalPath(path)], { exact: true, seconds: longest })

async function rowsOf(path: string, sql: string): Promise<ParquetRow[]> {
  const all: ParquetRow[] = []
  try {
    for await (const rows of read(path, sql)) for (const row of rows) all.push(row)
  } catch (cause) {
    throw new UserError(`${path}: cannot be read as Parquet (${firstLine(cause)})`, { cause })
  }
  return all
}

const firstLine = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!.slice(0, 300)

export interface ParquetFile {
  /** Names of its columns. */
  columns: readonly string[]
  /** All rows in the file's order, or those at these places; the named columns alone. */
  rows(columns: readonly string[], places?: readonly number[]): Promise<ParquetRow[]>
}

/**
 * @throws UserError for a path that holds no file, one that is no Parquet or damaged, and one with more values than any
 *   step of a run has.
 */
export async function openParquet(path: string): Promise<ParquetFile> {
  const status = statSync(path, { throwIfNoEntry: false })
  if (status === undefined) throw new UserError(`${path}: no such file`)
  if (!status.isFile()) throw new UserError(`${path}: is not a file`)
  const [{ values } = { values: 0 }] = await rowsOf(
    path,
    'SELECT sum(num_values) AS "values" FROM parquet_metadata($1)',
  )
  if (Number(values) > mostValues) {
    throw new UserError(`${path}: claims ${values} values, and ${mostValues} are read at most`)
  }
  const described = await rowsOf(path, `DESCRIBE SELECT * FROM ${source}`)
  return {
    columns: described.map(({ column_name }) => String(column_name)),
    rows(columns, places) {
      const list = columns.map(quoted).join(', ')
      if (places === undefined) return rowsOf(path, `SELECT ${list} FROM ${source}`)
      const numbers = `file_row_number IN (${places.map((place) => Math.trunc(place)).join(', ')})`
      return places.length === 0
        ? Promise.resolve([])
        : rowsOf(path, `SELECT ${list} FROM ${placedSource} WHERE ${numbers} ORDER BY file_row_number`)
    },
  }
}

const source = 'read_parquet($1, hive_partitioning = false)'
const placedSource = 'read_parquet($1, hive_partitioning = false, file_row_number = true)'
