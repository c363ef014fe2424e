/** Pass rates: how many of a policy's samples solved each problem, and which problems a run is to keep for it. */
import { existsSync } from 'node:fs'
import { extname, join } from 'node:path'
import { MissingData, UserError } from '../../base/errors.js'
import { streamRows } from './rows.js'

/** One problem's outcome; a line of rates.jsonl and a row of rates.parquet. */
export interface PassRate {
  /** The problem's id in its task. */
  id: string
  correct: number
  samples: number
}

/** A range of rates, its ends exact fractions. */
export interface KeepRange {
  text: string
  low: Fraction
  high: Fraction
  includesLow: boolean
  includesHigh: boolean
}

interface Fraction {
  numerator: number
  denominator: number
}

/** The paper's range: problems that are solved at least once in a while, and not almost always, under 16 samples. */
export const paperRange = '(1/16, 15/16)'

/**
 * `(1/16, 15/16)`: strictly between; `[` and `]` include an end. Ends are fractions or decimals from 0 to 1.
 * @throws UserError for anything else
 */
export function parseKeepRange(text: string): KeepRange {
  const match = /^\s*([([])\s*([^,]+?)\s*,\s*([^,]+?)\s*([)\]])\s*$/.exec(text)
  const fail = (problem: string): never => {
    throw new UserError(`'${text}' is no range of pass rates: ${problem}`, {
      hint: `Write ${paperRange} for strictly between, or [0.1, 0.9] to include the ends.`,
    })
  }
  if (match === null) return fail('two ends between brackets are expected')
  const [, open, lowText, highText, close] = match as unknown as [string, string, string, string, string]
  const [low, high] = [lowText, highText].map((end) => parseFraction(end) ?? fail(`'${end}' is not from 0 to 1`))
  if (compareFractions(low!, high!) > 0) fail('its low end is above its high end')
  return { text: text.trim(), low: low!, high: high!, includesLow: open === '[', includesHigh: close === ']' }
}

function parseFraction(text: string): Fraction | undefined {
  const [, whole, below] = /^(\d{1,9})\s*\/\s*(\d{1,9})$/.exec(text) ?? []
  const decimal = /^(\d{0,9})\.?(\d{0,9})$/.exec(text)
  let fraction: Fraction
  if (whole !== undefined) fraction = { numerator: Number(whole), denominator: Number(below) }
  else if (decimal !== null && /\d/.test(text)) {
    const digits = decimal[2]!
    fraction = { numerator: Number(`${decimal[1]}${digits}`), denominator: 10 ** digits.length }
  } else return undefined
  return fraction.denominator > 0 && fraction.numerator <= fraction.denominator ? fraction : undefined
}

/** Exact: cross products stay below 2^60 only as numbers of nine digits, so they are compared as big integers. */
const compareFractions = (a: Fraction, b: Fraction): number => {
  const difference = BigInt(a.numerator) * BigInt(b.denominator) - BigInt(b.numerator) * BigInt(a.denominator)
  return difference === 0n ? 0 : difference < 0n ? -1 : 1
}

/** Whether a problem with `correct` of `samples` right is kept. */
export function keeps(range: KeepRange, { correct, samples }: Pick<PassRate, 'correct' | 'samples'>): boolean {
  const rate = { numerator: correct, denominator: samples }
  const low = compareFractions(rate, range.low)
  const high = compareFractions(rate, range.high)
  return (low > 0 || (low === 0 && range.includesLow)) && (high < 0 || (high === 0 && range.includesHigh))
}

/** As a number, or text of digits alone: an empty cell of a CSV file is not 0. */
const wholeNumber = (value: unknown): number => {
  if (typeof value === 'string' ? /^\d+(\.0*)?$/.test(value) : typeof value === 'number' || typeof value === 'bigint') {
    return Number(value)
  }
  return Number.NaN
}

/**
 * Rates by problem id, from a file of them or a directory that `filter` wrote.
 * @throws UserError for rows that are no rates
 */
export async function readPassRates(path: string): Promise<Map<string, PassRate>> {
  const whole = join(path, 'rates.parquet')
  const file = existsSync(whole) ? whole : existsSync(join(path, 'rates.jsonl')) ? join(path, 'rates.jsonl') : path
  if (extname(file) === '' && !existsSync(file)) {
    throw new MissingData(`pass rates: there is no directory ${file}`, {
      hint: 'isentrope filter writes one: docs/data.md',
    })
  }
  const rates = new Map<string, PassRate>()
  let number = 0
  for await (const row of streamRows(file)) {
    number++
    const { id, correct, samples } = {
      id: row.id,
      correct: wholeNumber(row.correct),
      samples: wholeNumber(row.samples),
    }
    const sound = Number.isInteger(correct) && Number.isInteger(samples) && correct >= 0 && correct <= samples
    if (typeof id !== 'string' || !sound || samples === 0) {
      throw new UserError(`${file}, row ${number}: not a pass rate: it needs id, correct and samples`)
    }
    rates.set(id, { id, correct, samples })
  }
  if (rates.size === 0) throw new UserError(`${file}: has no pass rates`)
  return rates
}
