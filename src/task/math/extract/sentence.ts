/** What a sentence answers: the formula that it says, the last number with the mathematics around it, a choice. */
import { children, type Node } from '../node.js'
import { assignmentOf } from '../relations.js'
import { withoutMarks } from '../trim.js'
import { type Formula, type Masked, mask } from './formulas.js'
import { lastRun } from './runs.js'
import { type Ending, type Read, valueIn } from './value.js'
import {
  announces,
  article,
  chosenLetter,
  clauseBefore,
  compound,
  isChanged,
  isCondition,
  isCounting,
  isPredicate,
  isRepeated,
  isVague,
  isWithdrawn,
  negates,
  offersAlternative,
  opening,
  saidNumber,
  saysValue,
  scaleAfter,
  severalValues,
  withoutAside,
  withoutRemark,
} from './wording.js'

/** A response that names a formula and takes it back has no answer. */
const nothing: Ending = { text: '' }

const group = new RegExp(`${mask}(?:[,;]?\\s{0,3}(?:(?:and|or|&)\\s{1,3})?${mask})*`, 'g')
/** A list of formulas needs a mark or a word between them. */
const joined = new RegExp(`^${mask}(?:(?:[,;]\\s{0,3}|[,;]?\\s{0,3}(?:and|or|&)\\s{1,3})${mask})*$`)
const longestList = 30

const bareName =
  /^(?:[A-Za-z](?:_\{?\w{1,4}\}?|'{1,3})?(?:\([a-z]\))?|\\(?:triangle|angle|overline|vec|mathbf|mathrm)\s*\{?[A-Za-z]{1,4}\}?|\\(?:alpha|beta|gamma|theta|phi|omega|lambda|mu)|[A-Z]{2,4})$/

/** Formulas of a sentence that stand in a row. */
interface Group {
  at: number
  end: number
  isList: boolean
  isName: boolean
  hasEquals: boolean
  formulas: Formula[]
  contents: string[]
}

export class Sentence {
  readonly #masked: Masked
  readonly #original: string
  readonly #from: number
  readonly #to: number
  readonly #read: Read

  /** The characters of the masked text between `from` and `to`. */
  constructor(all: Masked, original: string, from: number, to: number, read: Read) {
    this.#masked = all
    this.#original = original
    this.#from = from
    this.#to = to
    this.#read = read
  }

  answer(): Ending | undefined {
    const text = this.#masked.text.slice(this.#from, this.#to)
    if (/\?["')\]]{0,3}$/.test(text)) return undefined
    if (isWithdrawn(text)) return nothing
    const sentence = withoutRemark(withoutAside(text))
    const whole = this.#whole(text)
    if (whole !== undefined) return whole
    const letter = chosenLetter(sentence)
    if (letter !== undefined) return { text: letter }
    return this.#inFormula(sentence) ?? this.#inWords(sentence)
  }

  #isMathematics(text: string): boolean {
    // Letters alone may be a word of a sentence that happens to read as a product.
    const hasSign = /[\d\\]/.test(text) || /^(?:\S|\([A-J]\))$/.test(text.trim())
    return hasSign && !isUnread(this.#read(text))
  }

  /** The whole sentence where it is mathematics, or several values with their names. */
  #whole(text: string): Ending | undefined {
    const spoken = this.#original.slice(this.#masked.places[this.#from], this.#masked.places[this.#to])
    const bare = withoutMarks(spoken, /^(?:[*_`\s>]|[-+\u2022]\s|\\[[(])/, /(?:[*_`.!\s]|\\[\])])$/)
    const several = severalValues(bare)
    if (several !== undefined && !several.includes('?') && this.#isMathematics(several)) return { text: several }
    if (text.replace(/[\s.]/g, '') === mask || !this.#isMathematics(bare)) return undefined
    return valueIn(bare, this.#read)
  }

  /** The formula that answers: the one before "is the", else the last that is no bare name and no condition. */
  #inFormula(sentence: string): Ending | undefined {
    const groups = [...sentence.matchAll(group)].flatMap((match) => this.#groupsIn(match, sentence))
    const telling = groups.filter(({ isName }) => !isName)
    const stated = telling.filter(({ at }) => !isCondition(sentence.slice(0, at)))
    const candidates = [stated, telling, groups].find((each) => each.length > 0)
    if (candidates === undefined) return undefined
    const first = candidates[0]!
    const isSubject =
      sentence.slice(0, first.at).replace(opening, '').trim() === '' && isPredicate(sentence.slice(first.end))
    const chosen = isSubject ? first : lastSaid(candidates, sentence)
    const [before, after] = [sentence.slice(0, chosen.at), sentence.slice(chosen.end)]
    // A number in words behind the last formula answers instead.
    if (saidNumber(after) && !isSubject) return undefined
    const isComputed = chosen.hasEquals && !chosen.isList
    if (!isComputed && (negates(clauseBefore(before)) || isChanged(before, after))) return nothing
    if (negates(after) || isRepeated(after)) return nothing
    if (chosen.isList) {
      if (/\bbetween\s{0,3}$/i.test(before)) return nothing
      return { text: this.#original.slice(chosen.formulas[0]!.start, chosen.formulas.at(-1)!.to) }
    }
    if (!isComputed && offersAlternative(before)) return nothing
    const ending = valueIn(chosen.contents.at(-1)!, this.#read, saysValue(before))
    const scale = scaleAfter(after)
    return scale === undefined ? ending : { text: `${ending.text} ${scale}` }
  }

  /** A row of formulas as one list, or each for itself where they do not say the same kind of thing. */
  #groupsIn(match: RegExpExecArray, sentence: string): Group[] {
    const places = [...match[0].matchAll(new RegExp(mask, 'g'))].map(({ index }) => match.index + index)
    const formulas = places.map((place) => this.#formulaAt(place))
    const contents = formulas.map(({ start, end }) => this.#original.slice(start, end).trim())
    const hasEquals = (each: string) => each.includes('=')
    if (formulas.length > 1 && this.#isList(match[0], contents, sentence.slice(0, match.index))) {
      const isName = contents.every((each) => bareName.test(each))
      const end = match.index + match[0].length
      return [{ at: match.index, end, isList: true, isName, hasEquals: contents.some(hasEquals), formulas, contents }]
    }
    return places.map((at, i) => ({
      at,
      end: at + 1,
      isList: false,
      isName: bareName.test(contents[i]!),
      hasEquals: hasEquals(contents[i]!),
      formulas: [formulas[i]!],
      contents: [contents[i]!],
    }))
  }

  /** The formula that stands at a place of the sentence. */
  #formulaAt(at: number): Formula {
    const place = this.#masked.places[this.#from + at]
    return this.#masked.formulas.find(({ from }) => from === place)!
  }

  #isList(row: string, contents: readonly string[], before: string): boolean {
    if (!joined.test(row) || contents.length > longestList) return false
    const kinds = new Set(contents.map((each) => kindOf(this.#read(each))))
    if (kinds.size > 1) return false
    // "At $t = 2,$ $x = 5$": a comma alone lists only what is announced as a list.
    if (!/and|or|&/.test(row) && before.replace(opening, '').trim() !== '' && !announces(before)) return false
    // "$360 + 2x = 600$, or $x = 120$" says the same twice.
    return !/,\s{0,3}or\b/.test(row) || contents.length > 2 || !kinds.has('equation')
  }

  #inWords(sentence: string): Ending | undefined {
    // "It is 5!." is a factorial, "It is 5!" is glad.
    const end = sentence.trimEnd()
    const line = end.endsWith('!.') ? end.slice(0, -1) : end.replace(/[.!]{1,9}$/, '')
    const both = compound(line)
    if (both !== undefined && !negates(line)) return { text: both }
    const said = /^([\s\S]*(?:\b(?:is|are|equals|get|be|gives|total of)\b|=))\s*:?\s*([^=]+)$/.exec(line)
    if (said !== null && !said[1]!.endsWith('=') && !negates(clauseBefore(said[1]!))) {
      const text = said[2]!.trim().replace(article, '')
      if (this.#isMathematics(text)) return { text }
    }
    return this.#lastNumber(line)
  }

  #lastNumber(line: string): Ending | undefined {
    const run = lastRun(line, (before) => !isCounting(before))
    if (run === undefined) return undefined
    const [before, after] = [line.slice(0, run.from), line.slice(run.to)]
    const clause = clauseBefore(before)
    const isOpen =
      negates(clause) ||
      negates(after) ||
      isVague(clause) ||
      isVague(after) ||
      isChanged(before, after) ||
      isRepeated(after)
    if (!run.isComputed && isOpen) return undefined
    const scale = scaleAfter(after)
    const text = scale === undefined ? run.text : `${run.text} ${scale}`
    if (this.#isMathematics(text)) return valueIn(text, this.#read)
    const result = run.isComputed ? run.text.slice(run.text.lastIndexOf('=') + 1).trim() : run.number
    const isResult = run.isComputed || run.text.replace(/[()[\]{}]/g, '') === run.number
    return isResult && this.#isMathematics(result) ? { text: result } : undefined
  }
}

/** The last formula that the sentence says is the answer, or that has a result; else the last. */
function lastSaid(candidates: readonly Group[], sentence: string): Group {
  return candidates.findLast((each) => each.hasEquals || saysValue(sentence.slice(0, each.at))) ?? candidates.at(-1)!
}

/** What a formula says: a value, a value with a name, an equation, or a condition. */
function kindOf(node: Node): string {
  if (node.kind === 'words') return 'words'
  if (node.kind !== 'relation') return node.kind === 'sequence' ? 'sequence' : 'value'
  const assigned = assignmentOf(node)
  if (assigned === undefined) return node.operator === '=' ? 'equation' : 'condition'
  return assigned.name === '' ? 'value' : 'named'
}

/** Whether a part of it is only words; the name of a value may be. */
function isUnread(node: Node): boolean {
  if (node.kind === 'words') return true
  const parts = node.kind === 'relation' && node.left.kind === 'words' ? [node.right] : children(node)
  return parts.some(isUnread)
}
