/**
 * Texts of single tokens, laid along the completion they came from. A tokenizer that decodes one token by itself may
 * drop the space before a word; the completion still has it, so it is given back to its token.
 */

const lookAhead = 8

/** `texts` with the white space restored that `completion` has between them; other texts stay as they are. */
export function alignTokens(texts: readonly string[], completion: string): string[] {
  let at = 0
  return texts.map((text) => {
    if (text === '' || at >= completion.length) return text
    if (completion.startsWith(text, at)) {
      at += text.length
      return text
    }
    const space = /^\s+/.exec(completion.slice(at))?.[0] ?? ''
    if (space !== '' && completion.startsWith(text, at + space.length)) {
      at += space.length + text.length
      return space + text
    }
    // Half of a character, or a special token: go on behind it where the text is found again.
    const found = completion.slice(at, at + lookAhead + text.length).indexOf(text)
    if (found > 0 && /\w/.test(text)) at += found + text.length
    return text
  })
}
