/** Tokens that are matched whole in a text, before anything else cuts it (added_vocabulary.rs of the library). */
import { shown } from '../../base/shown.js'
import { isObject } from '../json.js'
import { Unsupported } from './oniguruma.js'
import { Trie } from './trie.js'
import { rustWord } from './unicode.js'

export interface AddedToken {
  id: number
  content: string
  singleWord: boolean
  /** Takes the white space before it, or behind it. */
  lstrip: boolean
  rstrip: boolean
  /** Matched in the normalized text, itself normalized. */
  normalized: boolean
  special: boolean
}

/** The `added_tokens` of a tokenizer.json. */
export function readAddedTokens(value: unknown): AddedToken[] {
  if (value == null) return []
  if (!Array.isArray(value)) throw new Unsupported('added tokens that are no list')
  return value.map((token) => {
    if (!isObject(token) || typeof token.content !== 'string' || !Number.isSafeInteger(token.id)) {
      throw new Unsupported(`the added token ${shown(token)}`)
    }
    const special = token.special === true
    return {
      id: token.id as number,
      content: token.content,
      singleWord: token.single_word === true,
      lstrip: token.lstrip === true,
      rstrip: token.rstrip === true,
      normalized: typeof token.normalized === 'boolean' ? token.normalized : !special,
      special,
    }
  })
}

/** A stretch of a text: an added token, or what stands between. */
export interface Section {
  start: number
  end: number
  id?: number
}

export type Matcher = (text: string) => Section[]

const wordAtEnd = new RegExp(`${rustWord}$`, 'v')
const wordAtStart = new RegExp(`^${rustWord}`, 'v')
const spaceAtStart = /^\p{White_Space}*/u
const space = /\p{White_Space}/u

/** Matches the tokens, whose contents are as the text has them; the leftmost first, of these the longest. */
export function matcherOf(tokens: readonly AddedToken[]): Matcher {
  const byContent = new Map<string, AddedToken>()
  const trie = new Trie()
  for (const token of tokens) {
    if (token.content === '') continue
    // Which of the two the library finds changes from run to run.
    if (byContent.has(token.content)) throw new Unsupported(`${shown(token.content)} twice, once normalized`)
    byContent.set(token.content, token)
    trie.add(token.content)
  }
  return (text) => {
    const sections: Section[] = []
    let done = 0
    for (let at = 0; at < text.length; ) {
      const length = byContent.size === 0 ? 0 : trie.longest(text, at)
      if (length === 0) {
        at++
        continue
      }
      const token = byContent.get(text.slice(at, at + length))!
      let [start, end] = [at, at + length]
      at = end
      if (token.singleWord && (wordAtEnd.test(text.slice(0, start)) || wordAtStart.test(text.slice(end)))) continue
      if (token.lstrip) {
        start = Math.max(start, done)
        while (start > done && space.test(text[start - 1])) start--
      }
      if (token.rstrip) end += spaceAtStart.exec(text.slice(end))![0].length
      if (done < start) sections.push({ start: done, end: start })
      if (start < end) sections.push({ start, end, id: token.id })
      done = end
    }
    if (done < text.length) sections.push({ start: done, end: text.length })
    return sections
  }
}
