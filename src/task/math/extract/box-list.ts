/** Boxes that stand in one list: `$x = \boxed{2}$ or $x = \boxed{3}$` answers with both. */
import type { Boxes } from '../boxed.js'

const longestJoint = 60
const mostBoxes = 50

const layout = /\\(?:[ ,;:!()[\]]|q?quad(?![A-Za-z]))|[$*~]|\\(?:text|mbox|textbf|mathrm)\s*\{|\}/g
const joint = /^(?:[,;&]|(?:[,;]\s*)?(?:and|or)(?![A-Za-z]))\s*(?:([A-Za-z](?:_\{?\w{1,3}|')?)\s*=\s*)?$/
const name = /(?:^|[\s$(*,])([A-Za-z](?:_\{?\w{1,3}\}?|')?)\s*=\s*$/

/** What stands between two boxes of one list: the second's name or '', and whether they are alternatives. */
function jointOf(between: string): { name: string; isOr: boolean } | undefined {
  if (between.length > longestJoint || /\n\s*\n/.test(between)) return undefined
  const match = joint.exec(between.replace(layout, ' ').replace(/\s+/g, ' ').trim())
  return match === null ? undefined : { name: match[1] ?? '', isOr: /or\b/.test(match[0]) }
}

/** The content of the last box, or of all boxes of the list that it ends. */
export function lastBoxes(text: string, { contents, places }: Boxes): string {
  const names: string[] = []
  let first = contents.length - 1
  let isOr = true
  for (; first > 0 && names.length < mostBoxes; first--) {
    const found = jointOf(text.slice(places[first - 1]!.to, places[first]!.from))
    if (found === undefined) break
    names.unshift(found.name)
    isOr &&= found.isOr
  }
  const items = contents.slice(first)
  if (items.length === 1) return items[0]!
  names.unshift(name.exec(text.slice(Math.max(0, places[first]!.from - 12), places[first]!.from))?.[1] ?? '')
  const isNamed = !names.includes('') && new Set(names).size === names.length
  return items.map((item, i) => (isNamed ? `${names[i]} = ${item.trim()}` : item.trim())).join(isOr ? ' or ' : ', ')
}
