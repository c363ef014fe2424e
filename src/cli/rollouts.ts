import { dirname } from 'node:path'
import { type Command, Option } from 'commander'
import { UserError } from '../base/errors.js'
import { largest } from '../base/extremes.js'
import { formatNumber } from '../report/format.js'
import { renderTable } from '../report/terminal/table.js'
import { oneLine } from '../report/terminal/text.js'
import { defaultColumns } from '../run/rollouts/columns.js'
import { asidePath, type RolloutQuery, Rollouts, type Row } from '../run/rollouts/query.js'
import { realDisk, replaceFile } from '../run/store/disk.js'
import { newCommand, numberOption } from './command.js'
import { type Io, jsonLine, print, processIo } from './io.js'

const help = `
Queries the completions of a run with SQL (DuckDB), also during the run. docs/rollouts.md lists the columns and their units.
The columns length, mean_entropy, mean_logprob, max_abs_sc, masked, and masked_share are computed from the others. The query
reads only this run's rollouts.

Without --select, a table shows the most useful columns, and the other formats have every column. --json prints one object
per row.

Examples:
  $ isentrope rollouts runs/arithmetic
  $ isentrope rollouts runs/arithmetic --where 'reward = 0 and length > 200'
  $ isentrope rollouts runs/arithmetic --order 'mean_entropy desc' --limit 5
  $ isentrope rollouts runs/arithmetic --select 'step, avg(reward)' --group step --order step
  $ isentrope rollouts runs/arithmetic --where 'step > 10' --format parquet --out late.parquet
`

const formats = ['table', 'json', 'csv', 'parquet'] as const

interface RolloutsFlags extends RolloutQuery {
  format?: (typeof formats)[number]
  json?: boolean
  out?: string
}

/** Rows that a table shows where no limit is given. */
const tableRows = 20

export function rolloutsCommand(io: Io = processIo): Command {
  return newCommand('rollouts', help)
    .argument('<run>', 'a run directory')
    .option('--where <sql>', 'condition, e.g. "reward = 0 and length > 200"')
    .option('--select <columns>', 'columns or SQL expressions, separated by commas')
    .option('--group <columns>', 'make one row per value, for avg(...) or count(*) in --select')
    .option('--order <sql>', 'order of the rows (default: as sampled)')
    .option(
      '--limit <n>',
      `largest number of rows (default: ${tableRows} in a table, else all)`,
      numberOption({ minimum: 0, whole: true }),
    )
    .addOption(new Option('--format <format>', 'output format (default: table)').choices(formats))
    .option('--json', 'the same as --format json')
    .option('--out <file>', 'write to a file instead of standard output')
    .action(async (run: string, { format, json, out, ...query }: RolloutsFlags) => {
      const chosen = json ? 'json' : (format ?? 'table')
      if (json && format !== undefined && format !== 'json') {
        throw new UserError(`--json and --format ${format} are both given`, { hint: 'give one of the two' })
      }
      if (chosen === 'parquet' && out === undefined) {
        throw new UserError('--format parquet needs --out', { hint: 'name the file, e.g. --out rows.parquet' })
      }
      const aside = out === undefined ? undefined : asidePath(out)
      const rollouts = await Rollouts.open(run, aside === undefined ? undefined : dirname(aside))
      try {
        if (chosen === 'parquet') {
          await rollouts.copyTo(aside!, query)
          realDisk.rename(aside!, out!)
          return
        }
        const whole = chosen === 'table' ? tableQuery(query, rollouts.columns) : query
        const lines = renderers[chosen](rollouts.query(whole), io.stdout.columns ?? 120)
        if (out === undefined) {
          for await (const line of lines) await print(io.stdout, line)
        } else {
          const parts: string[] = []
          for await (const line of lines) parts.push(line)
          replaceFile(realDisk, out, parts.join(''))
        }
      } finally {
        rollouts.close()
      }
    })
}

function tableQuery(query: RolloutQuery, columns: readonly string[]): RolloutQuery {
  const select = query.select ?? defaultColumns.filter((name) => columns.includes(name)).join(', ')
  return { limit: tableRows, ...query, select }
}

type Renderer = (rows: AsyncIterable<Row[]>, width: number) => AsyncIterable<string>

const renderers: Record<'table' | 'json' | 'csv', Renderer> = {
  async *table(batches, width) {
    const rows: Row[] = []
    for await (const batch of batches) rows.push(...batch)
    if (rows.length === 0) {
      yield 'no rows\n'
      return
    }
    const names = Object.keys(rows[0]!)
    const cells = rows.map((row) => names.map((name) => cell(row[name])))
    yield `${renderTable([names, ...cells].map((row) => fitted(row, [names, ...cells], width)))}\n`
  },
  async *json(batches) {
    for await (const batch of batches) for (const row of batch) yield jsonLine(row)
  },
  async *csv(batches) {
    let headed = false
    for await (const batch of batches) {
      for (const row of batch) {
        if (!headed) yield `${Object.keys(row).map(csvCell).join(',')}\r\n`
        headed = true
        yield `${Object.values(row).map(csvCell).join(',')}\r\n`
      }
    }
  },
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : formatNumber(value)
  return oneLine(typeof value === 'string' ? value : JSON.stringify(value), 400)
}

/** The last column takes what the others leave of the terminal. */
function fitted(row: readonly string[], rows: readonly (readonly string[])[], width: number): string[] {
  const last = row.length - 1
  const widths = row.slice(0, last).map((_, column) => largest(rows.map((one) => [...one[column]!].length)))
  const room = width - widths.reduce((sum, one) => sum + Math.min(one, 40) + 2, 0)
  return row.map((text, column) => oneLine(text, column === last ? Math.max(room, 20) : 40))
}

/** RFC 4180; lists as JSON. */
function csvCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
