/**
 * Pairs of an answer and a reference of which it is known whether they agree: every reference against itself, against
 * other spellings of itself, and against itself with one thing changed that changes what it says.
 */
import { rngFrom } from '../../src/base/philox.js'

export interface Pair {
  response: string
  answer: string
  expected: boolean
  /** How the response was made from the answer. */
  how: string
}

type Change = readonly [how: string, change: (answer: string) => string]

/** What says the same. A change that does not apply gives the answer back and is left out. */
const respellings: readonly Change[] = [
  ['dfrac', (answer) => answer.replaceAll('\\frac', '\\dfrac')],
  ['slash', (answer) => answer.replace(/^(-?)\\frac\{(\d+)\}\{(\d+)\}$/, '$1$2/$3')],
  ['no left and right', (answer) => answer.replaceAll(/\\left(?![a-z])|\\right(?![a-z])/g, '')],
  ['thousands', (answer) => (/^\d{4,6}$/.test(answer) ? answer.replace(/(\d{3})$/, ',$1') : answer)],
  ['decimal', (answer) => (/^-?\d+$/.test(answer) ? `${answer}.0` : answer)],
  ['fraction of one', (answer) => (/^\d+$/.test(answer) ? `\\frac{${2 * Number(answer)}}{2}` : answer)],
  ['spaces', (answer) => answer.replaceAll(/([+-])/g, ' $1 ').replace(/^ /, '')],
  ['power in braces', (answer) => answer.replaceAll(/\^(\d)/g, '^{$1}')],
]

/** What says something else. */
const perturbations: readonly Change[] = [
  ['last number + 1', (answer) => answer.replace(/\d+(?!.*\d)/s, (digits) => String(BigInt(digits) + 1n))],
  ['first number + 1', (answer) => answer.replace(/\d+/, (digits) => String(BigInt(digits) + 1n))],
  ['a digit more', (answer) => answer.replace(/\d+(?!.*\d)/s, '$&7')],
  ['other sign', (answer) => (/^[1-9]\d*$|^\\(?:frac|sqrt)/.test(answer) ? `-${answer}` : answer)],
  ['closed instead of open', (answer) => answer.replace(/^\(([^()]*)\)$/, '[$1]')],
  ['plus instead of minus', (answer) => answer.replace(/(?<=[\w}])\s*-\s*(?=[\w\\])/, '+')],
  ['one item more', (answer) => (/^[-\d]+(?:, ?[-\d]+)+$/.test(answer) ? `${answer}, 977` : answer)],
]

const box = (answer: string) => `Adding up, the final answer is $\\boxed{${answer}}$.`

export function makePairs(answers: readonly string[]): Pair[] {
  return answers.flatMap((answer) => {
    const made: Pair[] = [{ response: box(answer), answer, expected: true, how: 'itself' }]
    for (const [changes, expected] of [
      [respellings, true],
      [perturbations, false],
    ] as const) {
      for (const [how, change] of changes) {
        const changed = change(answer)
        if (changed !== answer) made.push({ response: box(changed), answer, expected, how })
      }
    }
    return made
  })
}

/** Answers as benchmarks have them, for a run without data. */
export function inventAnswers(count: number, seed: number): string[] {
  const rng = rngFrom(seed)
  const below = (n: number) => Math.floor(rng() * n)
  const whole = () => below(40) + 2
  const forms: readonly (() => string)[] = [
    () => String(below(3000)),
    () => `-${whole()}`,
    () => `\\frac{${whole()}}{${whole()}}`,
    () => `${below(100)}.${below(9) + 1}`,
    () => `${whole()}\\sqrt{${whole()}}`,
    () => `\\frac{${whole()} + \\sqrt{${whole()}}}{${whole()}}`,
    () => `${whole()}\\pi`,
    () => `\\left( ${whole()}, \\frac{\\pi}{${below(9) + 2}} \\right)`,
    () => `x^${below(4) + 3} + ${whole()}x - ${whole()}`,
    () => `(${below(9)}, ${whole() + 10})`,
    () => `(-\\infty, ${whole()})`,
    () => `${whole()}, ${whole() + 50}`,
    () => `\\begin{pmatrix} ${whole()} & ${whole()} \\\\ ${whole()} & ${whole()} \\end{pmatrix}`,
    () => `${whole()} - ${whole()}i`,
    () => `${whole()}^\\circ`,
    () => `${whole()}\\%`,
  ]
  return Array.from({ length: count }, () => forms[below(forms.length)]!())
}
