/**
 * A character cell of Braille holds 2 x 4 dots, so a terminal of 70 x 12 cells is a bitmap of 140 x 48. Each cell
 * remembers which series drew in it last, for its colour; letters and markers may replace a cell.
 */

/** Bit of the dot at (column, row) within a cell, as Unicode numbers them from U+2800. */
const dotBits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
]

interface Cell {
  bits: number
  marker?: string
  series: number
}

export interface BrailleCanvas {
  /** Size in dots. */
  readonly width: number
  readonly height: number
  /** A straight line between two dots, row 0 at the top. */
  line(x0: number, y0: number, x1: number, y1: number, series: number): void
  /** Puts a character in the cell that holds the dot, unless another marker stands there already. */
  mark(x: number, y: number, marker: string, series: number): void
  /** One string a row of cells; `paint` wraps neighbouring cells of one series. */
  rows(paint: (text: string, series: number) => string): string[]
}

export function createBrailleCanvas(columns: number, rows: number): BrailleCanvas {
  const cells: (Cell | undefined)[] = new Array(columns * rows)
  const width = columns * 2
  const height = rows * 4

  const cellAt = (x: number, y: number, series: number): Cell | undefined => {
    if (x < 0 || y < 0 || x >= width || y >= height) return undefined
    const index = (y >> 2) * columns + (x >> 1)
    cells[index] ??= { bits: 0, series }
    return cells[index]
  }

  const dot = (x: number, y: number, series: number) => {
    const cell = cellAt(x, y, series)
    if (cell === undefined) return
    cell.bits |= dotBits[y & 3][x & 1]
    if (cell.marker === undefined) cell.series = series
  }

  return {
    width,
    height,
    line(x0, y0, x1, y1, series) {
      const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1)
      for (let i = 0; i <= steps; i++) {
        dot(Math.round(x0 + ((x1 - x0) * i) / steps), Math.round(y0 + ((y1 - y0) * i) / steps), series)
      }
    },
    mark(x, y, marker, series) {
      const cell = cellAt(x, y, series)
      if (cell === undefined || cell.marker !== undefined) return
      cell.marker = marker
      cell.series = series
    },
    rows(paint) {
      return Array.from({ length: rows }, (_, row) => {
        let text = ''
        for (let column = 0; column < columns; ) {
          const series = cells[row * columns + column]?.series
          let run = ''
          for (; column < columns && cells[row * columns + column]?.series === series; column++) {
            const cell = cells[row * columns + column]
            run += cell === undefined ? ' ' : (cell.marker ?? String.fromCodePoint(0x2800 + cell.bits))
          }
          text += series === undefined ? run : paint(run, series)
        }
        return text
      })
    },
  }
}
