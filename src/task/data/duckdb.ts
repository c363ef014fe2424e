/**
 * DuckDB, for files that JavaScript readers cannot stream: it decodes a Parquet row group page by page where they hold
 * all of it, and the common sets have one row group of a million rows. Loaded where it is first needed; it touches no
 * network and no file but the one asked for.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JS } from '@duckdb/node-api'

/** What DuckDB may hold in memory; sorting and grouping beyond it go to the temporary directory. */
export const memoryLimit = '256MB'

/** The rows of a query as plain objects, 2048 at a time. */
export async function* query(sql: string, parameters: readonly string[]): AsyncGenerator<Record<string, unknown>[]> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: memoryLimit,
    temp_directory: join(tmpdir(), `isentrope-duckdb-${process.pid}`),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  try {
    const connection = await instance.connect()
    try {
      const result = await connection.stream(sql, [...parameters])
      const types = result.columnTypes()
      const json = result.columnNames().filter((_, i) => types[i]?.alias === 'JSON')
      for await (const rows of result.yieldRowObjectJs()) {
        for (const row of rows) for (const name of json) row[name] = parseJson(row[name])
        yield rows
      }
    } finally {
      connection.closeSync()
    }
  } finally {
    instance.closeSync()
  }
}

/** Writers without nested types keep objects as JSON, whose columns arrive as text. */
function parseJson(value: unknown): JS {
  return typeof value === 'string' ? (JSON.parse(value) as JS) : null
}

/** A path as one file: DuckDB reads patterns, in which a class of one character stands for itself. */
export const literalPath = (path: string): string => path.replace(/[*?[]/g, '[$&]')

/** A column's name in SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
