/**
 * Fits the text below a command's options to a terminal. Sources write paragraphs in full lines of up to 120 columns, which
 * are wrapped as a whole. An empty line ends a paragraph. An indented line, and one in columns, wraps alone, under its last
 * column. Commands and JSON stay as they are, because people copy them.
 */
export function wrapHelp(text: string, width: number): string {
  const blocks: string[] = []
  let before = ''
  for (const line of text.split('\n')) {
    const continues = before.length > fullLine && isProse(before) && isProse(line)
    if (continues) blocks.push(`${blocks.pop()} ${line}`)
    else blocks.push(line)
    before = line
  }
  return blocks.flatMap((block) => wrapLine(block, width)).join('\n')
}

/** A source line longer than this was broken for its length, so the next line continues its paragraph. */
const fullLine = 78

/** Two spaces within a line separate columns. */
const isProse = (line: string): boolean => /^\S/.test(line) && !/\S {2,}\S/.test(line)

function wrapLine(line: string, width: number): string[] {
  if (line.length <= width || /^ *[${]/.test(line)) return [line]
  const indent = /^ */.exec(line)![0]
  const lead = /^ +\S+(?: \S+)* {2,}/.exec(line)?.[0].length ?? indent.length
  const pairs = /^(.*?) {2,}(\S+) {2,}(\S.*)$/.exec(line.slice(lead))
  if (lead > indent.length && pairs) {
    // The second pair's text starts under the first one's.
    const name = `${indent}${pairs[2]}`.padEnd(lead - 2)
    return [line.slice(0, lead) + pairs[1], `${name}  ${pairs[3]}`].flatMap((pair) => wrapLine(pair, width))
  }
  const lines: string[] = []
  let rest = line
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width)
    const at = space > lead ? space : rest.indexOf(' ', lead + 1)
    if (at < 0) break
    lines.push(rest.slice(0, at))
    rest = ' '.repeat(lead) + rest.slice(at).trimStart()
  }
  return [...lines, rest]
}
