/** Values of a query as plain JavaScript ones that say what the file says. */
import type { DuckDBType, DuckDBValue, DuckDBValueConverter } from '@duckdb/node-api'
import { shortestDecimal } from '../../base/decimals.js'

type DuckDB = typeof import('@duckdb/node-api')

/**
 * Where this departs from DuckDB's own conversion: floats are the shortest decimals that are stored as they are, NaN is
 * missing (null, since pandas writes it so), decimals keep all of their digits as text, and dates and times are text
 * instead of a Date that drops microseconds.
 */
export function valueConverter(duckdb: DuckDB, floats: 'single' | 'half'): DuckDBValueConverter<unknown> {
  const { DuckDBTypeId: id, JSDuckDBValueConverter: usual } = duckdb
  const number = (value: number): number | null => (Number.isNaN(value) ? null : value)
  const text = (value: DuckDBValue): string => String(value)
  const own: Partial<Record<number, (value: DuckDBValue, type: DuckDBType) => unknown>> = {
    [id.FLOAT]: (value) => number(shortestDecimal(value as number, floats)),
    [id.DOUBLE]: (value) => number(value as number),
    [id.DECIMAL]: (value) => String(value).replace(/\.0*$|(\.\d*?)0+$/, '$1'),
    [id.TIMESTAMP_TZ]: (value) =>
      `${new duckdb.DuckDBTimestampValue((value as InstanceType<DuckDB['DuckDBTimestampTZValue']>).micros)}+00`,
  }
  for (const type of [
    id.DATE,
    id.TIME,
    id.TIME_NS,
    id.TIME_TZ,
    id.TIMESTAMP,
    id.TIMESTAMP_S,
    id.TIMESTAMP_MS,
    id.TIMESTAMP_NS,
  ]) {
    own[type] = text
  }
  const convert: DuckDBValueConverter<unknown> = (value, type) => {
    if (value == null) return null
    const converter = own[type.typeId]
    return converter === undefined ? usual(value, type, convert as never) : converter(value, type)
  }
  return convert
}

/** Numbers as the computation that wrote them had them: floats widened, not-a-number kept, safe integers as numbers. */
export function exactConverter({ JSDuckDBValueConverter: usual }: DuckDB): DuckDBValueConverter<unknown> {
  const convert: DuckDBValueConverter<unknown> = (value, type) => {
    if (typeof value === 'number') return value
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
    return value == null ? null : usual(value, type, convert as never)
  }
  return convert
}

/** A row of `parquet_schema`: the tree of a file's columns, depth first. */
export interface SchemaRow {
  name: string
  num_children: bigint | null
  logical_type: string | null
}

/** The top-level columns that hold floats in half precision, which DuckDB reads as wider ones. */
export function halfColumns(schema: readonly SchemaRow[]): Set<string> {
  const found = new Set<string>()
  // The first row is the root.
  let left = 0
  let column = ''
  for (const { name, num_children: children, logical_type: type } of schema.slice(1)) {
    if (left === 0) column = name
    else left--
    left += Number(children ?? 0)
    if (type?.startsWith('Float16')) found.add(column)
  }
  return found
}
