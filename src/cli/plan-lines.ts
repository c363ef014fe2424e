import { hanging, plainText } from '../report/terminal/text.js'

const nameWidth = 11

/**
 * What a command is going to do, a line for each name: `engine     cpu, float32`. Where a terminal has `columns`, a longer
 * text goes on below itself; without them, as in a file, each stays on its line.
 */
export function planLines(rows: readonly (readonly [name: string, text: string])[], columns?: number): string {
  const lines = rows.map(([name, text]) => {
    const lead = name.padEnd(nameWidth)
    // Names of models, runs and data sets come from outside.
    const plain = plainText(text)
    return columns === undefined ? lead + plain : hanging(lead, plain, columns)
  })
  return `${lines.join('\n')}\n`
}
