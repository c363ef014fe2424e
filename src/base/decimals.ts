/** Numbers as decimals, without a change of value on the way. */
import { endOfString, parseJson } from './json.js'

/** The nearest number with 11 significant bits and exponents from -14 to 15 (IEEE 754 half precision), ties to even. */
function roundToHalf(value: number): number {
  const magnitude = Math.abs(value)
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)))
  const quantum = 2 ** (exponent - 10)
  const count = magnitude / quantum
  const floor = Math.floor(count)
  const up = count - floor > 0.5 || (count - floor === 0.5 && floor % 2 === 1)
  const rounded = (floor + (up ? 1 : 0)) * quantum
  return Math.sign(value) * (rounded > 65_504 ? Number.POSITIVE_INFINITY : rounded)
}

const formats = { half: roundToHalf, single: Math.fround } as const

/**
 * The shortest decimal that is stored as this number: float32 0.10000000149011612 was written as 0.1. A whole number is
 * what it is.
 */
export function shortestDecimal(value: number, format: keyof typeof formats = 'single'): number {
  if (!Number.isFinite(value) || Number.isInteger(value)) return value
  const round = formats[format]
  const stored = round(value)
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits))
    if (round(candidate) === stored) return candidate
  }
  return Number(value.toPrecision(9))
}

/** A finite number in decimal digits alone: 1e-7 is 0.0000001, as people write answers. */
export function plainDecimal(value: number): string {
  const text = String(value)
  const [, sign, whole, fraction = '', power] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? []
  if (power === undefined) return text
  const digits = whole + fraction
  const point = 1 + Number(power)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return `${sign}${digits.padEnd(point, '0')}`
}

/** Sign, digits without zeros at their ends, and the power of ten of the last one. */
function canonical(literal: string): string {
  const [, sign, whole, fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal)!
  const digits = (whole + fraction).replace(/^0+/, '')
  const trimmed = digits.replace(/0+$/, '')
  if (trimmed === '') return '0'
  return `${sign}${trimmed}e${BigInt(power) - BigInt(fraction.length) + BigInt(digits.length - trimmed.length)}`
}

/** Fewer digits than this always survive a double. */
const mayChange = /\d(?:\.?\d){15}|\d[eE]/

/**
 * Like {@link parseJson}, and a number that a double cannot hold (12345678901234567890, 0.1234567890123456789, 1e400) becomes
 * the text that the file has, instead of another number.
 */
export function parseExactJson(text: string): unknown {
  if (!mayChange.test(text)) return parseJson(text)
  // Checked first: what follows takes valid JSON for granted.
  const value = parseJson(text)
  let kept = ''
  let done = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') at = endOfString(text, at)
    else if (isNumberStart(text.charCodeAt(at))) {
      numberAt.lastIndex = at
      const [literal] = numberAt.exec(text)!
      if (!survives(literal)) {
        kept += `${text.slice(done, at)}"${literal}"`
        done = at + literal.length
      }
      at += literal.length - 1
    }
  }
  return done === 0 ? value : JSON.parse(kept + text.slice(done))
}

const numberAt = /[\d.eE+-]+/y
const isNumberStart = (code: number): boolean => code === 0x2d || (code >= 0x30 && code <= 0x39)

function survives(literal: string): boolean {
  const number = Number(literal)
  return Number.isFinite(number) && canonical(plainDecimal(number)) === canonical(literal)
}
