import { stripVTControlCharacters } from 'node:util'
import { largest } from '../../base/extremes.js'

/**
 * Rows of cells as aligned columns, the first row being the header. A column whose cells below the header all
 * begin with a number (or are dashes) is aligned to the right.
 */
export function renderTable(rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const columns = largest(rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    largest(rows.map((row) => visibleLength(row[column] ?? ''))),
  )
  const numeric = widths.map((_, column) => rows.slice(1).every((row) => isNumeric(row[column] ?? '')))
  const line = (row: readonly string[]) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? ''
        const fill = ' '.repeat(width - visibleLength(cell))
        return numeric[column] ? fill + cell : cell + fill
      })
      .join('  ')
      .trimEnd()
  const [header, ...body] = rows
  return [line(header), widths.map((width) => '─'.repeat(width)).join('  '), ...body.map(line)].join('\n')
}

/** Characters that a terminal shows: colour codes do not count. */
export function visibleLength(text: string): number {
  return [...stripVTControlCharacters(text)].length
}

function isNumeric(cell: string): boolean {
  return /^(?:|–|-|[+−-]?\.?\d.*)$/.test(stripVTControlCharacters(cell).trim())
}
