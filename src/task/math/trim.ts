/** Taking marks away from the ends of a text in linear time, which `(?:a|b)+$` does not. */

/** Longer than any mark, with what an expression wants to see in front of it. */
const longestMark = 24

/** The text without what `front` (anchored by ^) and `back` (anchored by $) match at its ends, again and again. */
export function withoutMarks(text: string, front: RegExp | undefined, back: RegExp | undefined): string {
  let from = 0
  let to = text.length
  while (from < to) {
    const start = front?.exec(text.slice(from, from + longestMark))?.[0].length ?? 0
    const end = start > 0 ? 0 : (back?.exec(text.slice(Math.max(from, to - longestMark), to))?.[0].length ?? 0)
    if (start === 0 && end === 0) break
    from = Math.min(from + start, to)
    to = Math.max(to - end, from)
  }
  return text.slice(from, to)
}
