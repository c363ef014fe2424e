/** Which parts of a text are formulas: between dollar signs, \( \), \[ \], or in an environment of displayed lines. */

/** `from` to `to` with the delimiters, `start` to `end` without them. */
export interface Formula {
  from: number
  start: number
  end: number
  to: number
}

const environment = /\\begin\{((?:align|aligned|gather|gathered|equation|eqnarray|split|multline)\*?)\}/y

/** A bare word of a sentence, other than what \text{} and commands hold. */
const word = /(?<![\\A-Za-z{])[A-Za-z]{3,}/
const wrapped = /\\[A-Za-z]+\*?(?:\s*\{[^{}]*\})?/g

/** `$5 and $7` are prices: a formula does not begin with a number and go on with words. */
function isFormula(content: string): boolean {
  const inner = content.trim()
  if (inner === '' || /\n\s*\n/.test(inner)) return false
  if (/^\d/.test(inner) && (/[-+=(]$/.test(inner) || /\s$/.test(content))) return /^\s/.test(content)
  return !/^\d/.test(inner) || !word.test(inner.replace(wrapped, ' '))
}

/** In order, without overlap. Linear: each closing mark is searched for once. */
export function findFormulas(text: string): Formula[] {
  const found: Formula[] = []
  const missing = new Set<string>()
  const closing = (mark: string, after: number): number => {
    if (missing.has(mark)) return -1
    let at = text.indexOf(mark, after)
    while (mark === '$' && at > 0 && text.charAt(at - 1) === '\\') at = text.indexOf(mark, at + 1)
    if (at < 0) missing.add(mark)
    return at
  }
  const add = (from: number, start: number, mark: string): number | undefined => {
    const end = closing(mark, start)
    if (end < 0 || text.slice(start, end).trim() === '') return undefined
    found.push({ from, start, end, to: end + mark.length })
    return end + mark.length
  }
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at)
    if (character === '\\') {
      const next = text.charAt(at + 1)
      let to: number | undefined
      if (next === '(' || next === '[') to = add(at, at + 2, next === '(' ? '\\)' : '\\]')
      else if (next === 'b') {
        environment.lastIndex = at
        const name = environment.exec(text)?.[1]
        if (name !== undefined) to = add(at, environment.lastIndex, `\\end{${name}}`)
      }
      at = to ?? at + 2
    } else if (text.startsWith('$$', at)) at = add(at, at + 2, '$$') ?? at + 2
    else if (character === '$') {
      const end = closing('$', at + 1)
      const isOne = end > 0 && isFormula(text.slice(at + 1, end))
      if (isOne) found.push({ from: at, start: at + 1, end, to: end + 1 })
      at = isOne ? end + 1 : at + 1
    } else at++
  }
  return found
}

/** What a formula stands as in a masked text; a private character, so that no answer holds it. */
export const mask = '\ue000'

/** A text with one character for each formula, and where each character came from. */
export interface Masked {
  text: string
  formulas: Formula[]
  /** The place in the original of each character of `text`, and of its end. */
  places: number[]
}

export function masked(original: string): Masked {
  const formulas = findFormulas(original).map((formula) => {
    // "$x = 3.$" ends its sentence.
    const content = original.slice(formula.start, formula.end)
    return { ...formula, end: formula.start + content.replace(/[\s.,;]{1,20}$/, '').length }
  })
  let text = ''
  const places: number[] = []
  let at = 0
  const plain = (to: number) => {
    for (; at < to; at++) {
      places.push(at)
      text += original.charAt(at) === mask ? ' ' : original.charAt(at)
    }
  }
  for (const formula of formulas) {
    plain(formula.from)
    places.push(formula.from)
    text += mask
    for (const character of original.slice(formula.end, formula.to)) {
      if (!/[.,;]/.test(character)) continue
      places.push(formula.to)
      text += character
    }
    at = formula.to
    // "$$x = 3.$$Then" goes on with another sentence.
    if (/[A-Z]/.test(original.charAt(at))) {
      places.push(at)
      text += ' '
    }
  }
  plain(original.length)
  places.push(original.length)
  return { text, formulas, places }
}
