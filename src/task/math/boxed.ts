/** Finding `\boxed{...}` (and `\fbox{...}`) in text of any length, in one pass. */

export interface Boxes {
  /** Contents of the complete boxes in order; a box inside a box is the outer one's content. */
  contents: string[]
  /** Where each of them begins, with its command, and ends. */
  places: { from: number; to: number }[]
  /** Whether a box begins after the last complete one and is never closed: the text was cut off inside it. */
  cutOff: boolean
}

/** A box reaches from `from` to `to`, what it holds from `start` to `end`. */
interface Box {
  from: number
  start: number
  end: number
  to: number
}

const command = /\\(?:boxed|fbox)(?![A-Za-z])\s*/y
const [backslash, openBrace, closeBrace] = [0x5c, 0x7b, 0x7d]
/** An open box: where its command and its content begin, and how many braces are open with its own. */
interface OpenBox {
  from: number
  start: number
  depth: number
}

export function findBoxes(text: string): Boxes {
  const open: OpenBox[] = []
  const found: Box[] = []
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === openBrace) depth++
    else if (code === closeBrace) {
      if (open.at(-1)?.depth === depth) {
        const { from, start } = open.pop()!
        close(text, { from, start, end: at, to: at + 1 }, found)
      }
      if (depth > 0) depth--
    } else if (code === backslash) {
      const content = contentOf(text, at)
      if (content === undefined) at++
      else if (text.charCodeAt(content) === openBrace) {
        open.push({ from: at, start: content + 1, depth: ++depth })
        at = content
      } else {
        // `\boxed 7`, as TeX reads it: one character; a word is prose about boxes.
        if (/^(?:[0-9]|[A-Za-z](?![A-Za-z]))/.test(text.slice(content, content + 2))) {
          found.push({ from: at, start: content, end: content + 1, to: content + 1 })
        }
        at = content - 1
      }
    }
  }
  const lastEnd = found.at(-1)?.end ?? -1
  return {
    contents: found.map(({ start, end }) => text.slice(start, end)),
    places: found.map(({ from, to }) => ({ from, to })),
    cutOff: open.some(({ start }) => start > lastEnd),
  }
}

/** Where what stands behind a box's command begins; undefined where another command stands at `at`. */
function contentOf(text: string, at: number): number | undefined {
  const next = text.charAt(at + 1)
  if (next !== 'b' && next !== 'f') return undefined
  command.lastIndex = at
  return command.test(text) ? command.lastIndex : undefined
}

/** Adds a box to those found, in place of the ones inside it; one that holds but another box is that one. */
function close(text: string, box: Box, found: Box[]): void {
  const inner = found.at(-1)
  while (found.length > 0 && found.at(-1)!.from >= box.start) found.pop()
  const blank = (from: number, to: number) => /^[\s$]*$/.test(text.slice(from, to))
  const holdsOnly =
    inner !== undefined && inner.from >= box.start && blank(box.start, inner.from) && blank(inner.to, box.end)
  found.push(holdsOnly ? { ...box, start: inner.start, end: inner.end } : box)
}
