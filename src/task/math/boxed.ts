/** Finding `\boxed{...}` (and `\fbox{...}`) in text of any length, in one pass. */

export interface Boxes {
  /** Contents of the complete boxes in order; a box inside a box is the outer one's content. */
  contents: string[]
  /** Whether a box begins after the last complete one and is never closed: the text was cut off inside it. */
  cutOff: boolean
}

const part = /\\(?:boxed|fbox)(?![A-Za-z])\s*|\\.|[{}]/gs

export function findBoxes(text: string): Boxes {
  /** Where the content of each open brace begins that is a box's, -1 for any other brace. */
  const open: number[] = []
  const found: { start: number; end: number }[] = []
  part.lastIndex = 0
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    const token = match[0]
    const next = part.lastIndex
    if (token === '{') {
      open.push(-1)
    } else if (token === '}') {
      const start = open.pop() ?? -1
      if (start >= 0) {
        while (found.length > 0 && found.at(-1)!.start > start) found.pop()
        found.push({ start, end: match.index })
      }
    } else if (token.length > 2) {
      const first = text.charAt(next)
      if (first === '{') {
        open.push(next + 1)
        part.lastIndex = next + 1
      } else if (/[0-9A-Za-z]/.test(first)) {
        // `\boxed 7`, as TeX reads it: one character.
        found.push({ start: next, end: next + 1 })
      }
    }
  }
  const lastEnd = found.at(-1)?.end ?? -1
  return {
    contents: found.map(({ start, end }) => text.slice(start, end)),
    cutOff: open.some((start) => start > lastEnd && start >= 0),
  }
}
