/**
 * DuckDB, for files that JavaScript readers cannot stream: it decodes a Parquet row group page by page where they hold
 * all of it, and the common sets have one row group of a million rows. Loaded where it is first needed; it touches no
 * network and no file but the one asked for.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBInstance } from '@duckdb/node-api'
import { parseExactJson } from '../../base/decimals.js'
import { exactConverter, halfColumns, type SchemaRow, valueConverter } from './duckdb-values.js'

/** What DuckDB may hold in memory; sorting and grouping beyond it go to the temporary directory. */
export const memoryLimit = '256MB'

/** A database in memory, with its limits; it loads no extension. */
export async function openDatabase(): Promise<DuckDBInstance> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  return DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: memoryLimit,
    temp_directory: join(tmpdir(), `isentrope-duckdb-${process.pid}`),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
}

/**
 * The rows of a query as plain objects, 2048 at a time; duckdb-values.ts says how values are read. `parquet`: the file
 * that the query reads, where it reads one; its schema tells which floats have half precision. `exact`: numbers as they are
 * stored. `seconds`: it fails after so long.
 */
export async function* query(
  sql: string,
  parameters: readonly string[],
  { parquet, exact = false, seconds }: { parquet?: string; exact?: boolean; seconds?: number } = {},
): AsyncGenerator<Record<string, unknown>[]> {
  const duckdb = await import('@duckdb/node-api')
  const instance = await openDatabase()
  try {
    const connection = await instance.connect()
    let late = false
    const interrupt = () => {
      late = true
      connection.interrupt()
    }
    const timer = seconds === undefined ? undefined : setTimeout(interrupt, 1000 * seconds)
    try {
      const schema = parquet && (await connection.run('SELECT * FROM parquet_schema($1)', [parquet]))
      const halves = schema ? halfColumns((await schema.getRowObjectsJS()) as unknown as SchemaRow[]) : new Set()
      const result = await connection.stream(sql, [...parameters])
      const types = result.columnTypes()
      const columns = result.deduplicatedColumnNames().map((name, i) => ({
        name,
        convert: exact ? exactConverter(duckdb) : valueConverter(duckdb, halves.has(name) ? 'half' : 'single'),
        json: types[i]?.alias === 'JSON',
      }))
      for await (const chunk of result) {
        const rows: Record<string, unknown>[] = Array.from({ length: chunk.rowCount }, () => ({}))
        for (const [column, { name, convert, json }] of columns.entries()) {
          chunk.convertColumnValues(column, convert).forEach((value, row) => {
            rows[row]![name] = json ? parseJson(value) : value
          })
        }
        yield rows
      }
    } catch (cause) {
      throw late ? new Error(`took more than ${seconds} s`, { cause }) : cause
    } finally {
      clearTimeout(timer)
      connection.closeSync()
    }
  } finally {
    instance.closeSync()
  }
}

/** Writers without nested types keep objects as JSON, whose columns arrive as text. */
const parseJson = (value: unknown): unknown => (typeof value === 'string' ? parseExactJson(value) : null)

/** A path as one file: DuckDB reads patterns, in which a class of one character stands for itself. */
export const literalPath = (path: string): string => path.replace(/[*?[]/g, '[$&]')

/** A column's name in SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
