import { wrap } from '../report/terminal-text.js'

const nameWidth = 11

/**
 * What a command is going to do, a line for each name: `engine     cpu, float32`. Where a terminal has `columns`, a longer
 * text goes on below itself; without them, as in a file, each stays on its line.
 */
export function planLines(rows: readonly (readonly [name: string, text: string])[], columns?: number): string {
  const lines = rows.flatMap(([name, text]) => {
    const parts = columns === undefined ? [text] : wrap(text, Math.max(columns - nameWidth, 20))
    return parts.map((part, i) => `${(i === 0 ? name : '').padEnd(nameWidth)}${part}`)
  })
  return `${lines.join('\n')}\n`
}
