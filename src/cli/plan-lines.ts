import { hanging } from '../report/terminal/text.js'

const nameWidth = 11

/**
 * What a command is going to do, a line for each name: `engine     cpu, float32`. Where a terminal has `columns`, a longer
 * text goes on below itself; without them, as in a file, each stays on its line.
 */
export function planLines(rows: readonly (readonly [name: string, text: string])[], columns?: number): string {
  const lines = rows.map(([name, text]) => {
    const lead = name.padEnd(nameWidth)
    return columns === undefined ? lead + text : hanging(lead, text, columns)
  })
  return `${lines.join('\n')}\n`
}
