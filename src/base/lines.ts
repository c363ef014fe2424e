/**
 * Lines of text from a stream of bytes. Not node:readline: since Node 24 that splits at U+2028 and U+2029 too, which
 * JSON allows inside a text; it also replaces bytes that are not UTF-8, and holds a line of any length.
 */
import { UserError } from './errors.js'

/** Far above any line of text, far below what a JavaScript string can hold. */
const longestLine = 2 ** 28

export interface Line {
  /** From 1 on. */
  number: number
  /** Without its end; without a byte order mark in the first. Empty where it is too long. */
  text: string
  /** It has more than `maxBytes`, and was passed over. */
  tooLong: boolean
}

/**
 * A line ends with \n, \r\n, or \r. The last one may have no end.
 * @throws UserError that names `where` and the line for bytes that are not UTF-8
 */
export async function* splitLines(
  input: AsyncIterable<Uint8Array | string>,
  where: string,
  { maxBytes = longestLine }: { maxBytes?: number } = {},
): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let parts: Uint8Array[] = []
  let held = 0
  let tooLong = false
  let number = 0
  let afterReturn = false

  const take = (part: Uint8Array): void => {
    held += part.length
    tooLong ||= held > maxBytes
    if (tooLong) parts = []
    else if (part.length > 0) parts.push(part)
  }
  const finish = (): Line => {
    number++
    let text = ''
    try {
      if (!tooLong) text = decoder.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts))
    } catch (cause) {
      throw new UserError(`${where}:${number}: not UTF-8 text`, { hint: 'save the file as UTF-8', cause })
    }
    const line = { number, text: number === 1 && text.startsWith('\ufeff') ? text.slice(1) : text, tooLong }
    parts = []
    held = 0
    tooLong = false
    return line
  }

  for await (const chunk of input) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    let start = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte !== 0x0a && byte !== 0x0d) {
        afterReturn = false
        continue
      }
      if (byte === 0x0a && afterReturn) start = at + 1
      else {
        take(bytes.subarray(start, at))
        start = at + 1
        yield finish()
      }
      afterReturn = byte === 0x0d
    }
    // A stream may use its buffer again: a part that waits for its end is copied.
    take(new Uint8Array(bytes.subarray(start)))
  }
  if (held > 0) yield finish()
}
