import { stripVTControlCharacters } from 'node:util'

/**
 * Text of unknown origin (a title, a warning, a completion) without anything that could steer the terminal: no escape
 * sequences, control characters, half surrogate pairs or overrides of the writing direction. Lines and tabs are kept.
 */
export function plainText(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\r\n?/g, '\n')
    .replace(/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, (char) =>
      char === '\n' || char === '\t' ? char : '\uFFFD',
    )
}

/** At most `width` characters, the cut shown by an ellipsis. */
export function truncate(text: string, width: number): string {
  const chars = [...text]
  return chars.length <= width ? text : `${chars.slice(0, Math.max(0, width - 1)).join('')}…`
}

/** A name or title of unknown origin on one line of at most `width` characters. */
export function oneLine(text: string, width: number): string {
  return truncate(plainText(text).replace(/\s+/g, ' ').trim(), width)
}

/** The text as one word for {@link wrap}: a figure stays with its name and unit. */
export const unbroken = (text: string): string => text.replaceAll(' ', '\u00a0')

/**
 * Lines of at most `width` characters, broken between words where a word fits a line, and not at a no-break space, which
 * becomes a plain one; indentation is kept.
 */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    const indent = line.match(/^ */)![0]
    const lines: string[] = []
    let current = indent
    for (const word of line.trim().split(/[^\S\u00a0]+/)) {
      if (current !== indent && [...current].length + 1 + [...word].length > width) {
        lines.push(current)
        current = indent
      }
      current += (current === indent ? '' : ' ') + word
      for (let chars = [...current]; chars.length > width && width > indent.length; chars = [...current]) {
        lines.push(chars.slice(0, width).join(''))
        current = indent + chars.slice(width).join('')
      }
    }
    return [...lines, current].map((one) => one.replaceAll('\u00a0', ' '))
  })
}

/** The text behind `lead`, what does not fit into `width` columns below itself; at least 20 columns are the text's. */
export function hanging(lead: string, text: string, width: number): string {
  const indent = ' '.repeat(lead.length)
  return lead + wrap(text, Math.max(width - lead.length, 20)).join(`\n${indent}`)
}
