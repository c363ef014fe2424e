/**
 * Whether a response's answer says what the reference says. Where the two differ in form, only differences that do not
 * change the meaning are allowed: a name before the value, a unit that the other leaves out, another order in a set.
 */
import { type Alternatives, alternatives, inequalities } from './alternatives.js'
import type { Budget } from './budget.js'
import { canonical } from './canonical.js'
import { alongAxes, asMatrix, inOrder, namedValues, shape, vector } from './coordinates.js'
import { withSolvedInequalities } from './inequality.js'
import { withLetterUnit } from './letter-unit.js'
import { withMatrices } from './matrix.js'
import { infiniteSign, isExpression, type Node, type NodeOf, some, symbols } from './node.js'
import { isOneSet, oneSet } from './one-set.js'
import { sameRealSet } from './real-set.js'
import { type Assignment, assignmentOf, chainOf, flip, solutionSet } from './relations.js'
import { isRounded } from './rounding.js'
import { proportional, sameValue } from './values.js'

export interface CompareOptions {
  /** Whether bare lists must agree in their order. */
  ordered?: boolean
}

/** @throws OverBudget where it would take too long. */
export function equivalent(reference: Node, response: Node, budget: Budget, options: CompareOptions = {}): boolean {
  const equal = (a: Node, b: Node): boolean => {
    budget.spend(2)
    if (canonical(a) === canonical(b)) return a.kind !== 'words' || a.text !== ''
    if (a.kind === 'choice' || b.kind === 'choice') return sameChoice(a, b)
    // B as mathematics is a symbol, as text a word.
    if (letterOf(a) !== undefined && letterOf(a) === letterOf(b)) return true
    const sameSet = isOneSet(a) || isOneSet(b) ? sameRealSet(oneSet(a, budget), oneSet(b, budget), budget) : undefined
    if (sameSet !== undefined) return sameSet
    const [namedA, namedB] = [namedValues(a), namedValues(b)]
    if ((namedA === undefined) !== (namedB === undefined) && [a, b].every((each) => each.kind === 'sequence')) {
      return equal(namedA ?? inOrder(a), namedB ?? inOrder(b))
    }
    if (a.kind === 'relation' || b.kind === 'relation') return sameRelation(a, b)
    const [listA, listB] = [alternatives(a), alternatives(b)]
    if (listA !== undefined || listB !== undefined) return sameAlternatives(a, listA, b, listB)
    if (a.kind === 'quantity' || b.kind === 'quantity') return sameQuantity(a, b)
    if (a.kind === 'degrees' || b.kind === 'degrees') return sameDegrees(a, b)
    if (a.kind === 'percent' || b.kind === 'percent') return samePercent(a, b)
    if (a.kind === 'based' || b.kind === 'based') return sameBased(a, b)
    if (isExpression(a) && isExpression(b)) return sameValue(a, b, budget)
    return sameStructure(a, b)
  }

  const allEqual = (as: readonly Node[], bs: readonly Node[]) =>
    as.length === bs.length && as.every((a, i) => equal(a, bs[i]!))

  /** A pairing of equal items; equality is transitive enough that the first partner found will do. */
  const paired = (as: readonly Node[], bs: readonly Node[]) => {
    if (as.length !== bs.length) return false
    const left = [...bs]
    return as.every((a) => {
      const at = left.findIndex((b) => equal(a, b))
      if (at < 0) return false
      left.splice(at, 1)
      return true
    })
  }

  const distinct = (items: readonly Node[]) =>
    items.filter((item, i) => !items.slice(0, i).some((earlier) => equal(earlier, item)))

  const sameAlternatives = (a: Node, listA: Alternatives | undefined, b: Node, listB: Alternatives | undefined) => {
    const union = inequalities(listA ?? listB!)
    if (union !== undefined && (listA === undefined || listB === undefined)) {
      return listA === undefined ? equal(a, union) : equal(union, b)
    }
    if (jointOf(a) !== jointOf(b) && jointOf(a) !== '' && jointOf(b) !== '') return false
    // A set with one member is taken for the member, but not where that is a set itself.
    if ((listA === undefined && isSet(a)) || (listB === undefined && isSet(b))) return false
    const [itemsA, itemsB] = [listA?.items ?? [a], listB?.items ?? [b]]
    if (listA?.set || listB?.set) return paired(distinct(itemsA), distinct(itemsB))
    return options.ordered ? allEqual(itemsA, itemsB) : paired(itemsA, itemsB)
  }

  const sameChoice = (a: Node, b: Node): boolean => {
    const [letterA, letterB] = [letterOf(a), letterOf(b)]
    const [contentA, contentB] = [contentOf(a), contentOf(b)]
    if (letterA !== undefined && letterB !== undefined) {
      const bothChoices = a.kind === 'choice' && b.kind === 'choice' && contentA !== undefined && contentB !== undefined
      return letterA === letterB && (!bothChoices || equal(contentA, contentB))
    }
    return contentA !== undefined && contentB !== undefined && equal(contentA, contentB)
  }

  const sameRelation = (a: Node, b: Node): boolean => {
    const [assignA, assignB] = [assignmentOf(a), assignmentOf(b)]
    if (assignA !== undefined && assignB !== undefined) {
      const named = assignA.name === assignB.name || assignA.name === '' || assignB.name === ''
      if (named && sameAssigned(assignA, assignB)) return true
    } else if (assignA !== undefined && b.kind !== 'relation') return sameAssigned(assignA, valueAlone(b))
    else if (assignB !== undefined && a.kind !== 'relation') return sameAssigned(valueAlone(a), assignB)
    // 2x = 6 leaves open what x = 3 says.
    if ((assignA === undefined) !== (assignB === undefined) && isSolved((assignA ?? assignB)!)) return false
    const [setA, setB] = [solutionSet(a), solutionSet(b)]
    if (setA !== undefined && setB !== undefined) {
      return (setA.name === setB.name && equal(setA.set, setB.set)) || sameSides(a, b)
    }
    if (setA !== undefined && (isSet(b) || isMembers(setA.set))) return equal(setA.set, b)
    if (setB !== undefined && (isSet(a) || isMembers(setB.set))) return equal(a, setB.set)
    return sameSides(a, b)
  }

  /** The first value is the reference's; all others are held against it. */
  const sameAssigned = (a: Assignment, b: Assignment): boolean => {
    const rounds = ({ values, rounded }: Assignment) => rounded.every((each) => isRounded(values.at(-1)!, each, budget))
    if (!rounds(a) || !rounds(b)) return false
    const agree = ([first, ...rest]: Node[]) => rest.every((each) => equal(first!, each))
    if (agree([...a.values, ...b.values])) return true
    // 2/7, about 0.29, is 0.29 too where the other says no more than that.
    if (!agree(a.values) || !agree(b.values)) return false
    if (a.rounded.length > 0 && b.rounded.length > 0) return false
    return a.rounded.some((each) => equal(each, b.values[0]!)) || b.rounded.some((each) => equal(a.values[0]!, each))
  }

  const sameSides = (a: Node, b: Node): boolean => {
    const [chainA, chainB] = [chainOf(a), chainOf(b)]
    if (chainA.operators.length !== chainB.operators.length || chainA.operators.length === 0) return false
    if (chainA.operators.join() === chainB.operators.join() && allEqual(chainA.parts, chainB.parts)) return true
    const turned = [...chainB.operators].reverse().map(flip)
    if (chainA.operators.join() === turned.join() && allEqual(chainA.parts, [...chainB.parts].reverse())) return true
    if (chainA.operators.length !== 1 || chainB.operators.length !== 1) return false
    const [operatorA, operatorB] = [chainA.operators[0]!, chainB.operators[0]!]
    const [differenceA, differenceB] = [difference(chainA.parts), difference(chainB.parts)]
    if (!isExpression(differenceA) || !isExpression(differenceB)) return false
    if (operatorA === '=' && operatorB === '=') return proportional(differenceA, differenceB, budget) !== undefined
    // 2x - 4 > 6 leaves open what x > 5 says.
    if (symbols(differenceA).length < 2 || !/^(?:[<>]=?|!=)$/.test(operatorA)) return false
    if (operatorB !== operatorA && operatorB !== flip(operatorA)) return false
    const sign = proportional(differenceA, differenceB, budget)
    if (operatorA === '!=') return sign !== undefined
    return sign !== undefined && sign !== 0 && operatorB === (sign > 0 ? operatorA : flip(operatorA))
  }

  const sameQuantity = (a: Node, b: Node): boolean => {
    if (a.kind === 'quantity' && b.kind === 'quantity') return a.unit === b.unit && equal(a.of, b.of)
    const [quantity, plain] = a.kind === 'quantity' ? [a, b] : [b as NodeOf<'quantity'>, a]
    if (plain.kind === 'degrees' || plain.kind === 'percent') return false
    const written = withLetterUnit(plain)
    if (written !== undefined && written.unit === quantity.unit) {
      return a === quantity ? equal(quantity.of, written.of) : equal(written.of, quantity.of)
    }
    return a === quantity ? equal(quantity.of, plain) : equal(plain, quantity.of)
  }

  /** 30 degrees are pi/6, and what a reference or a response means that leaves the sign out. */
  const sameDegrees = (a: Node, b: Node): boolean => {
    if (a.kind === 'percent' || b.kind === 'percent') return false
    const [ofA, ofB] = [a.kind === 'degrees' ? a.of : a, b.kind === 'degrees' ? b.of : b]
    const signLeftOut = a.kind === b.kind || ![ofA, ofB].some((each) => some(each, isPi))
    if (signLeftOut && equal(ofA, ofB)) return true
    return a.kind !== b.kind && isExpression(a) && isExpression(b) && sameValue(a, b, budget)
  }

  /** 50 % is 1/2. The sign may be left out or added where the number alone cannot mean a share: above 1. */
  const samePercent = (a: Node, b: Node): boolean => {
    if (a.kind === 'percent' && b.kind === 'percent') return equal(a.of, b.of)
    if (!isExpression(a) || !isExpression(b)) return false
    if (sameValue(a, b, budget)) return true
    const [percent, plain] = a.kind === 'percent' ? [a, b] : [b as NodeOf<'percent'>, a]
    const above = plain.kind === 'number' ? plain.value.n > plain.value.d : plain.kind === 'sum'
    return above && sameValue(percent.of, plain, budget)
  }

  const sameBased = (a: Node, b: Node): boolean => {
    if (a.kind === 'based' && b.kind === 'based') return a.base === b.base && a.digits === b.digits
    // The reference's subscript may be left out; a response's is held against it.
    return a.kind === 'based' && b.kind === 'number' && b.text === a.digits
  }

  const sameStructure = (a: Node, b: Node): boolean => {
    if (a.kind === 'sequence' && b.kind === 'sequence') {
      return shape(a) === shape(b) && allEqual(a.items, b.items)
    }
    const [matrixA, matrixB] = [asMatrix(a), asMatrix(b)]
    if (matrixA !== undefined && matrixB !== undefined) {
      return (
        matrixA.rows.length === matrixB.rows.length && matrixA.rows.every((row, i) => allEqual(row, matrixB.rows[i]!))
      )
    }
    const [vectorA, vectorB] = [vector(matrixA ?? a), vector(matrixB ?? b)]
    if (vectorA !== undefined && vectorB !== undefined) return allEqual(vectorA, vectorB)
    if (vectorA !== undefined && isExpression(b)) return sameValue(alongAxes(vectorA), b, budget)
    if (vectorB !== undefined && isExpression(a)) return sameValue(a, alongAxes(vectorB), budget)
    if (isReals(a) && isReals(b)) return true
    if ((a.kind === 'union' || a.kind === 'intersection') && a.kind === b.kind) return paired(a.parts, b.parts)
    if (a.kind === 'difference' && b.kind === 'difference') return allEqual(a.parts, b.parts)
    if (a.kind === 'ratio' || b.kind === 'ratio') return sameRatio(a, b)
    return false
  }

  /** 6:8 is 3:4, but 3:30 and 1:10 may be times of day. */
  const sameParts = (as: readonly Node[], bs: readonly Node[]): boolean => {
    if (as.length !== bs.length || isPadded(as) || isPadded(bs)) return false
    if (allEqual(as, bs)) return true
    if ((isClock(as) && isClock(bs)) || ![...as, ...bs].every(isExpression)) return false
    const times = (x: Node, y: Node): Node => ({ kind: 'product', factors: [x, y] })
    return as.every((a, i) => sameValue(times(a, bs[0]!), times(bs[i]!, as[0]!), budget))
  }

  const sameRatio = (a: Node, b: Node): boolean => {
    if (a.kind === 'ratio' && b.kind === 'ratio') return sameParts(a.parts, b.parts)
    const [ratio, plain] = a.kind === 'ratio' ? [a, b] : [b as NodeOf<'ratio'>, a]
    const [over, under] = ratio.parts
    if (ratio.parts.length !== 2 || !isExpression(plain) || !ratio.parts.every(isExpression)) return false
    // 17:1 is a ratio, which nobody means by 17.
    if (plain.kind === 'number' && plain.value.d === 1n) return false
    return sameValue({ kind: 'quotient', over: over!, under: under! }, plain, budget)
  }

  return equal(prepared(reference, budget), prepared(response, budget))
}

const letterOf = (node: Node): string | undefined => {
  if (node.kind === 'choice') return node.letter
  if (node.kind === 'symbol') return /^[A-J]$/.test(node.name) ? node.name : undefined
  return node.kind === 'words' && /^[A-J]$/.test(node.text) ? node.text : undefined
}

const contentOf = (node: Node): Node | undefined => (node.kind === 'choice' ? node.content : node)

const valueAlone = (node: Node): Assignment => ({ name: '', values: [node], rounded: [] })

/** With inequalities solved, matrices computed, dollars and cents added up. */
function prepared(node: Node, budget: Budget): Node {
  return withSolvedInequalities(withMatrices(totalMoney(node), budget), budget)
}

/** 12 dollars and 50 cents */
function totalMoney(node: Node): Node {
  if (node.kind !== 'sequence' || node.open !== '' || node.items.length !== 2) return node
  const [dollars, cents] = node.items as [Node, Node]
  if (dollars.kind !== 'quantity' || cents.kind !== 'quantity' || dollars.unit !== 'usd' || cents.unit !== 'cent')
    return node
  const hundred: Node = { kind: 'number', value: { n: 100n, d: 1n }, text: '100' }
  return { ...dollars, of: { kind: 'sum', terms: [dollars.of, { kind: 'quotient', over: cents.of, under: hundred }] } }
}

const digitsOf = (node: Node): string => (node.kind === 'number' ? node.text : '')
/** 10:05 is no ratio. */
const isPadded = (parts: readonly Node[]): boolean => parts.slice(1).some((part) => /^0\d/.test(digitsOf(part)))
const isClock = (parts: readonly Node[]): boolean => parts.slice(1).every((part) => /^[0-5]\d$/.test(digitsOf(part)))

const isSet = (node: Node): boolean =>
  ['sequence', 'union', 'intersection', 'difference', 'namedSet'].includes(node.kind)

const isSolved = ({ values }: Assignment): boolean => values.every((value) => symbols(value).length === 0)

const isPi = (node: Node): boolean => node.kind === 'constant' && node.name === 'pi'

const jointOf = (node: Node): string => (node.kind === 'sequence' ? (node.joint ?? '') : '')

const isMembers = (node: Node): boolean => node.kind === 'sequence' && node.open === '{'

function isReals(node: Node): boolean {
  if (node.kind === 'namedSet') return node.name === 'R'
  if (node.kind !== 'sequence' || shape(node) !== '((2') return false
  return infiniteSign(node.items[0]!) === -1 && infiniteSign(node.items[1]!) === 1
}

const difference = ([left, right]: Node[]): Node => ({
  kind: 'sum',
  terms: [left!, { kind: 'negative', of: right! }],
})
