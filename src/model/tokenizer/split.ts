/** Cutting a text at the matches of a pattern, as the tokenizers library does (tokenizer/pattern.rs, normalizer.rs). */
import { shown } from '../../base/shown.js'
import { asText, isObject } from '../json.js'
import { translatePattern, Unsupported } from './oniguruma.js'

/** A stretch of the text, and whether the pattern matches it. The stretches cover the text. */
export type Match = readonly [start: number, end: number, matches: boolean]

export type FindMatches = (text: string) => Match[]

const behaviors = ['removed', 'isolated', 'mergedwithprevious', 'mergedwithnext', 'contiguous'] as const
export type Behavior = (typeof behaviors)[number]

export function behaviorOf(value: unknown): Behavior {
  const behavior = behaviors.find((name) => name === asText(value).toLowerCase())
  if (behavior === undefined) throw new Unsupported(`the behavior ${shown(value)}`)
  return behavior
}

/** What a pattern of the file matches: `{"Regex": ...}` or `{"String": ...}`. */
export function patternOf(value: unknown): FindMatches {
  if (isObject(value) && typeof value.Regex === 'string') return matchesOf(translatePattern(value.Regex))
  // The library takes an empty text for an empty expression in one place and for nothing in another.
  if (isObject(value) && typeof value.String === 'string' && value.String !== '') return occurrencesOf(value.String)
  throw new Unsupported(`the pattern ${shown(value)}`)
}

/** An expression with the flag g, which must not be shared. An empty match directly behind a match does not count. */
export function matchesOf(expression: RegExp): FindMatches {
  return (text) => {
    const found: Match[] = []
    let end = 0
    let afterMatch = false
    expression.lastIndex = 0
    while (text !== '') {
      const match = expression.exec(text)
      if (match === null) break
      const from = match.index
      const to = from + match[0].length
      if (isInsidePair(text, from)) {
        expression.lastIndex = from + 1
        continue
      }
      expression.lastIndex = to
      if (from === to) {
        // The next search begins one character on.
        expression.lastIndex += (text.codePointAt(to) ?? 0) > 0xffff ? 2 : 1
        if (afterMatch && from === end) {
          if (expression.lastIndex > text.length) break
          continue
        }
      }
      if (end < from) found.push([end, from, false])
      found.push([from, to, true])
      end = to
      afterMatch = true
      if (expression.lastIndex > text.length) break
    }
    if (end < text.length) found.push([end, text.length, false])
    return found
  }
}

/** V8 tries a lookbehind between the halves of a surrogate pair too. */
function isInsidePair(text: string, at: number): boolean {
  const [before, behind] = [text.charCodeAt(at - 1), text.charCodeAt(at)]
  return before >= 0xd800 && before < 0xdc00 && behind >= 0xdc00 && behind < 0xe000
}

function occurrencesOf(part: string): FindMatches {
  return (text) => {
    const found: Match[] = []
    let end = 0
    for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, end)) {
      if (end < at) found.push([end, at, false])
      end = at + part.length
      found.push([at, end, true])
    }
    if (end < text.length) found.push([end, text.length, false])
    return found
  }
}

export const inverted =
  (find: FindMatches): FindMatches =>
  (text) =>
    find(text).map(([start, end, matches]) => [start, end, !matches])

/** Where a text is cut into pieces. None is empty; what is removed is in none. */
export function cutsOf(text: string, find: FindMatches, behavior: Behavior): [start: number, end: number][] {
  const matches = find(text)
  const cuts: [start: number, end: number][] = []
  let before = false
  switch (behavior) {
    case 'removed':
      for (const [start, end, is] of matches) if (!is) cuts.push([start, end])
      break
    case 'isolated':
      for (const [start, end] of matches) cuts.push([start, end])
      break
    case 'contiguous':
    case 'mergedwithprevious':
      for (const [start, end, is] of matches) {
        const last = cuts.at(-1)
        const joins = behavior === 'contiguous' ? is === before : is && !before
        if (joins && last !== undefined) last[1] = end
        else cuts.push([start, end])
        before = is
      }
      break
    case 'mergedwithnext':
      for (const [start, end, is] of matches.toReversed()) {
        const last = cuts.at(-1)
        if (is && !before && last !== undefined) last[0] = start
        else cuts.push([start, end])
        before = is
      }
      cuts.reverse()
  }
  return cuts.filter(([start, end]) => start < end)
}
