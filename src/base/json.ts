/** Levels of lists and objects that JSON from outside may have: far more than any format here, and safe to recurse on. */
export const deepestJson = 256

/**
 * JSON from a file, a server, or standard input. JSON.parse takes any nesting, and whatever walks the value afterwards
 * would run out of stack.
 * @throws SyntaxError for what is not JSON, and for more than {@link deepestJson} levels
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (isDeeper(value, deepestJson)) throw new SyntaxError(`it has more than ${deepestJson} levels of lists and objects`)
  return value
}

/** Level by level, so that the check itself needs no stack. */
function isDeeper(value: unknown, limit: number): boolean {
  let level = [value].filter(isContainer)
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === limit) return true
    const next: object[] = []
    for (const container of level) {
      for (const child of Array.isArray(container) ? container : Object.values(container)) {
        if (isContainer(child)) next.push(child)
      }
    }
    level = next
  }
  return false
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null

/**
 * The index of the closing quote of the string that begins at `start`, else the text's length. By hand, because a regular expression
 * runs out of stack on a string of some megabytes.
 */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    if (end < 0) return text.length
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end
  }
}
