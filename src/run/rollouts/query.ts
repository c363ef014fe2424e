/**
 * SQL over the completions of a run, also while it is under way: a view named `rollouts` over rollouts/step-*.parquet.
 * The database reads that directory and nothing else, has a limit on memory, and a query has one on time.
 */
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { Failure, UserError } from '../../base/errors.js'
import { listed } from '../../base/shown.js'
import { literalPath, openDatabase, quoted } from '../../task/data/duckdb.js'
import { valueConverter } from '../../task/data/duckdb-values.js'
import { runPaths, stepName } from '../store/run-directory.js'
import { derivedColumns } from './columns.js'

export interface RolloutQuery {
  /** A condition in SQL: `reward = 0 AND length > 200 AND step = 30`. */
  where?: string
  /** Columns or expressions in SQL; absent: `*`. */
  select?: string
  /** Columns whose equal values make one row, of aggregates in `select`: `step`. */
  group?: string
  /** `reward DESC, length`; absent: step, then the order in which the completions were sampled. */
  order?: string
  limit?: number
  offset?: number
}

export interface QueryLimits {
  /** Seconds; default 60. */
  timeout?: number
  signal?: AbortSignal
}

export type Row = Record<string, unknown>

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`

/** One clause of a query: no second statement, and no comment that would swallow what follows. */
function clause(name: string, sql: string): string {
  const bare = sql.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, '')
  if (bare.trim() === '') throw new UserError(`${name}: is empty`)
  if (/;|--|\/\*/.test(bare)) {
    throw new UserError(`${name}: holds ';', '--', or '/*'`, { hint: 'give one SQL expression, without comments' })
  }
  return sql
}

/** The query's SQL over the view. */
export function sqlOf({ where, select, group, order, limit, offset }: RolloutQuery, from = 'rollouts'): string {
  const parts = [
    `SELECT ${select === undefined ? '*' : clause('select', select)} FROM ${from}`,
    ...(where === undefined ? [] : [`WHERE (${clause('where', where)}\n)`]),
    ...(group === undefined ? [] : [`GROUP BY ${clause('group', group)}`]),
    ...(order === undefined && group !== undefined
      ? []
      : [`ORDER BY ${order === undefined ? 'step, file_row' : clause('order', order)}`]),
    ...(limit === undefined ? [] : [`LIMIT ${limit}`]),
    ...(offset === undefined ? [] : [`OFFSET ${offset}`]),
  ]
  // The row's place in its file orders the rows; it is no column of the rollouts.
  return select === undefined ? parts.join(' ').replace('SELECT *', 'SELECT * EXCLUDE (file_row)') : parts.join(' ')
}

/** `files`: a path, or a list of them, in SQL. */
const parquet = (files: string): string =>
  `read_parquet(${files}, union_by_name = true, file_row_number = true, hive_partitioning = false)`

export class Rollouts {
  readonly columns: readonly string[]
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection

  /** Derived columns in SQL. */
  readonly #computed: readonly string[]
  readonly #directory: string

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    { names, computed, directory }: { names: readonly string[]; computed: readonly string[]; directory: string },
  ) {
    this.#instance = instance
    this.#connection = connection
    this.columns = names
    this.#computed = computed
    this.#directory = directory
  }

  /**
   * Opens the rollouts of a run directory.
   * @param writable a directory that COPY may write to
   * @throws UserError where there is no run, or it has no rollouts yet
   */
  static async open(run: string, writable?: string): Promise<Rollouts> {
    if (!existsSync(run)) throw new UserError(`${run}: no such directory`)
    if (!existsSync(runPaths(run).config)) {
      throw new UserError(`${run}: holds no run (no config.yaml)`, {
        hint: 'give the directory that `isentrope train` printed as its run directory',
      })
    }
    const directory = resolve(runPaths(run).rollouts)
    const files = existsSync(directory) ? readdirSync(directory).filter((name) => /^step-\d+\.parquet$/.test(name)) : []
    if (files.length === 0) {
      throw new UserError(`${run}: has no rollouts yet`, { hint: 'they appear after the first step' })
    }
    const instance = await openDatabase()
    const connection = await instance.connect()
    try {
      // A pattern is held against the list as it is written, the files that it finds as they are.
      const allowed = [directory, literalPath(directory), ...(writable === undefined ? [] : [resolve(writable)])]
      await connection.run(`SET allowed_directories = [${allowed.map((path) => text(`${path}/`)).join(', ')}]`)
      await connection.run('SET parquet_metadata_cache = true')
      await connection.run('SET enable_external_access = false')
      await connection.run('SET lock_configuration = true')
      const source = parquet(text(`${literalPath(join(directory, 'step-'))}*.parquet`))
      const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`)
      const stored = described
        .getColumns()[0]!
        .map(String)
        .filter((name) => name !== 'file_row_number')
      const derived = derivedColumns.filter(
        ({ name, needs }) => !stored.includes(name) && needs.every((column) => stored.includes(column)),
      )
      const computed = derived.map(({ name, sql }) => `${sql} AS ${quoted(name)}`)
      const columns = [...stored.map(quoted), ...computed, 'file_row_number AS file_row']
      await connection.run(`CREATE VIEW rollouts AS SELECT ${columns.join(', ')} FROM ${source}`)
      const names = [...stored, ...derived.map(({ name }) => name)]
      return new Rollouts(instance, connection, { names, computed, directory })
    } catch (cause) {
      connection.closeSync()
      instance.closeSync()
      throw new UserError(`${directory}: cannot be read: ${firstLine(cause)}`, { cause })
    }
  }

  /**
   * Rows as plain objects, batch by batch: numbers, texts, booleans, lists, and null.
   * @throws UserError for SQL that is wrong, Failure for a query that takes too long
   */
  async *query(query: RolloutQuery, limits: QueryLimits = {}): AsyncGenerator<Row[]> {
    yield* this.#rows(sqlOf(query), limits)
  }

  async *#rows(sql: string, limits: QueryLimits): AsyncGenerator<Row[]> {
    const convert = valueConverter(await import('@duckdb/node-api'), 'single')
    const result = await this.#within(limits, () => this.#connection.stream(sql))
    const names = result.deduplicatedColumnNames()
    for (;;) {
      const chunk = await this.#within(limits, () => result.fetchChunk())
      if (chunk === null || chunk.rowCount === 0) return
      const rows: Row[] = Array.from({ length: chunk.rowCount }, () => ({}))
      names.forEach((name, column) => {
        chunk.convertColumnValues(column, convert).forEach((value, row) => {
          rows[row]![name] = plain(value)
        })
      })
      yield rows
    }
  }

  /**
   * One page of rows. The order is found from the columns that it needs, and the others are read of the page's rows alone:
   * a page of a million completions does not decode their tokens.
   */
  async page(
    { select, where, order, limit, offset }: RolloutQuery & { limit: number },
    limits: QueryLimits = {},
  ): Promise<Row[]> {
    if (select !== undefined) clause('select', select)
    const places: { step: number; file_row: number }[] = []
    const keys = { select: 'step, file_row', where, order, limit, offset }
    for await (const batch of this.query(keys, limits)) places.push(...(batch as unknown as typeof places))
    if (places.length === 0) return []
    const steps = [...new Set(places.map(({ step }) => step))]
    const files = steps.map((step) => text(literalPath(join(this.#directory, `${stepName(step)}.parquet`))))
    const pairs = places.map(({ step, file_row }) => `(${step}, ${file_row})`)
    const whole = {
      select: `${select ?? '*'}, step AS page_step, file_row AS page_row`,
      where: `step IN (${steps.join(', ')}) AND (step, file_row) IN (${pairs.join(', ')})`,
      order: 'step',
    }
    // Of the page's files alone: the view looks at every file of the run again.
    const own = `(SELECT ${['*', ...this.#computed, 'file_row_number AS file_row'].join(', ')} FROM ${parquet(`[${files.join(', ')}]`)})`
    const found = new Map<string, Row>()
    const read = async (from?: string) => {
      for await (const batch of this.#rows(sqlOf(whole, from), limits)) {
        for (const { page_step, page_row, file_row: _, file_row_number: __, ...row } of batch)
          found.set(`${page_step} ${page_row}`, row)
      }
    }
    try {
      await read(own)
    } catch (error) {
      // Files of an earlier version lack columns that the run's other files have.
      if (!(error instanceof UserError)) throw error
      await read()
    }
    return places
      .map(({ step, file_row }) => found.get(`${step} ${file_row}`))
      .filter((row): row is Row => row !== undefined)
  }

  /** The number of rows that a condition holds of. */
  async count(where?: string, limits: QueryLimits = {}): Promise<number> {
    const condition = where === undefined ? '' : ` WHERE (${clause('where', where)}\n)`
    const result = await this.#within(limits, () =>
      this.#connection.runAndReadAll(`SELECT count(*) FROM rollouts${condition}`),
    )
    return Number(result.getRows()[0]![0])
  }

  /** Writes the rows to a Parquet file in the directory that {@link open} was given. */
  async copyTo(path: string, query: RolloutQuery, limits: QueryLimits = {}): Promise<void> {
    await this.#within(limits, () =>
      this.#connection.run(`COPY (${sqlOf(query)}) TO ${text(resolve(path))} (FORMAT parquet)`),
    )
  }

  close(): void {
    this.#connection.closeSync()
    this.#instance.closeSync()
  }

  async #within<T>({ timeout = 60, signal }: QueryLimits, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted()
    let late = false
    const interrupt = () => this.#connection.interrupt()
    const timer = setTimeout(() => {
      late = true
      interrupt()
    }, 1000 * timeout)
    signal?.addEventListener('abort', interrupt)
    try {
      return await work()
    } catch (cause) {
      if (late) {
        throw new Failure(`the query took more than ${timeout} s`, {
          hint: 'narrow it by step, or select fewer columns',
          cause,
        })
      }
      signal?.throwIfAborted()
      throw new UserError(`the query failed: ${firstLine(cause)}`, {
        hint: `the columns are ${listed(this.columns)}`,
        cause,
      })
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', interrupt)
    }
  }
}

const firstLine = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split('\n').slice(0, 2).join(' ').slice(0, 300)

/** DuckDB's values as JSON has them. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, plain(child)]))
  }
  return value
}

/** Where a file is written first, beside its place. */
export const asidePath = (path: string): string => join(dirname(resolve(path)), `.${basename(path)}.partial`)
