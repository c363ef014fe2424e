/** Finding `\boxed{...}` (and `\fbox{...}`) in text of any length, in one pass. */

export interface Boxes {
  /** Contents of the complete boxes in order; a box inside a box is the outer one's content. */
  contents: string[]
  /** Whether a box begins after the last complete one and is never closed: the text was cut off inside it. */
  cutOff: boolean
}

const part = /\\(?:boxed|fbox)(?![A-Za-z])\s*|\\.|[{}]/gs

export function findBoxes(text: string): Boxes {
  /** Each open brace: a box's, with where its command and its content begin, or any other. */
  const open: ({ from: number; start: number } | undefined)[] = []
  const found: Box[] = []
  part.lastIndex = 0
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    const token = match[0]
    const next = part.lastIndex
    if (token === '{') {
      open.push(undefined)
    } else if (token === '}') {
      const box = open.pop()
      if (box !== undefined) close(text, { ...box, end: match.index, to: next }, found)
    } else if (token.length > 2) {
      const first = text.charAt(next)
      if (first === '{') {
        open.push({ from: match.index, start: next + 1 })
        part.lastIndex = next + 1
      } else if (/[0-9A-Za-z]/.test(first)) {
        // `\boxed 7`, as TeX reads it: one character.
        found.push({ from: match.index, start: next, end: next + 1, to: next + 1 })
      }
    }
  }
  const lastEnd = found.at(-1)?.end ?? -1
  return {
    contents: found.map(({ start, end }) => text.slice(start, end)),
    cutOff: open.some((box) => box !== undefined && box.start > lastEnd),
  }
}

/** A box reaches from `from` to `to`, what it holds from `start` to `end`. */
interface Box {
  from: number
  start: number
  end: number
  to: number
}

/** Adds a box to those found, in place of the ones inside it; one that holds but another box is that one. */
function close(text: string, box: Box, found: Box[]): void {
  const inner = found.at(-1)
  while (found.length > 0 && found.at(-1)!.from >= box.start) found.pop()
  const blank = (from: number, to: number) => /^[\s$]*$/.test(text.slice(from, to))
  const holdsOnly = inner !== undefined && blank(box.start, inner.from) && blank(inner.to, box.end)
  found.push(holdsOnly && inner.from >= box.start ? { ...box, start: inner.start, end: inner.end } : box)
}
