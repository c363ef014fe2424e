/** Finding `\boxed{...}` (and `\fbox{...}`) in text of any length, in one pass. */

export interface Boxes {
  /** Contents of the complete boxes in order; a box inside a box is the outer one's content. */
  contents: string[]
  /** Whether a box begins after the last complete one and is never closed: the text was cut off inside it. */
  cutOff: boolean
}

const part = /\\(?:boxed|fbox)(?![A-Za-z])\s*|\\.|[{}]/gs

export function findBoxes(text: string): Boxes {
  const open: { start: number; box: boolean }[] = []
  const found: { start: number; end: number }[] = []
  part.lastIndex = 0
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    const token = match[0]
    const next = part.lastIndex
    if (token === '{') {
      open.push({ start: next, box: false })
    } else if (token === '}') {
      const group = open.pop()
      if (group?.box) {
        while (found.length > 0 && found.at(-1)!.start > group.start) found.pop()
        found.push({ start: group.start, end: match.index })
      }
    } else if (token.length > 2) {
      const first = text.charAt(next)
      if (first === '{') {
        open.push({ start: next + 1, box: true })
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
    cutOff: open.some(({ box, start }) => box && start > lastEnd),
  }
}
