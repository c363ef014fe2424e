/** The names that answers use: functions, units, multiples, words that stand for signs. */

/** Functions of one argument (log takes a base as subscript), by the name that a tree uses. */
export const functions: Readonly<Record<string, string>> = {
  sin: 'sin',
  cos: 'cos',
  tan: 'tan',
  cot: 'cot',
  sec: 'sec',
  csc: 'csc',
  sinh: 'sinh',
  cosh: 'cosh',
  tanh: 'tanh',
  arcsin: 'arcsin',
  arccos: 'arccos',
  arctan: 'arctan',
  tg: 'tan',
  ctg: 'cot',
  cosec: 'csc',
  arctg: 'arctan',
  arccot: 'arccot',
  arcctg: 'arccot',
  sech: 'sech',
  csch: 'csch',
  coth: 'coth',
  cis: 'cis',
  cbrt: 'cbrt',
  asin: 'arcsin',
  acos: 'arccos',
  atan: 'arctan',
  ln: 'ln',
  log: 'log',
  lg: 'log',
  exp: 'exp',
  abs: 'abs',
  sgn: 'sign',
  max: 'max',
  min: 'min',
  gcd: 'gcd',
  lcm: 'lcm',
  det: 'det',
  floor: 'floor',
  ceil: 'ceil',
}

/** Families of variables: a run of these letters is a product, any other run of three or more a word. */
export const variableRun = /^(?:[w-z]{2,4}|[a-d]{2,4}|[k-n]{2,3}|[p-t]{2,4}|[A-Z]{2}|[a-z]{2}|[A-Z][a-z])$/

/** Two letters that are words or units all the same. */
const shortWords = (
  'or to of is no at it we so in cm km mm kg mg ml ft hr lb oz yd ms mi pa hz ' +
  'he an as if my up us am be by do go on me hi ok mr dr st'
).split(' ')
export const isShortWord = (run: string): boolean => shortWords.includes(run.toLowerCase())

const unitNames: Readonly<Record<string, string>> = {
  millimeter: 'mm',
  millimetre: 'mm',
  centimeter: 'cm',
  centimetre: 'cm',
  meter: 'm',
  metre: 'm',
  kilometer: 'km',
  kilometre: 'km',
  mile: 'mi',
  inch: 'in',
  inche: 'in',
  foot: 'ft',
  feet: 'ft',
  yard: 'yd',
  gram: 'g',
  kilogram: 'kg',
  pound: 'lb',
  ounce: 'oz',
  liter: 'l',
  litre: 'l',
  second: 's',
  sec: 's',
  minute: 'min',
  hour: 'h',
  hr: 'h',
  dollar: 'usd',
  buck: 'usd',
  usd: 'usd',
  cent: 'cent',
  degree: 'degree',
  deg: 'degree',
  mph: 'mi / h',
  kph: 'km / h',
  kmh: 'km / h',
  kmph: 'km / h',
  mps: 'm / s',
  radian: 'rad',
  pct: 'percent',
  percent: 'percent',
  percentage: 'percent',
  unit: 'unit',
}

/** One name for a unit's singular, plural and abbreviation. Case is kept out: what differs by case alone is rare. */
export function unitName(word: string): string {
  const lower = word.toLowerCase().replace(/\.$/, '')
  if (Object.hasOwn(unitNames, lower)) return unitNames[lower]!
  const singular = lower.length > 2 && lower.endsWith('s') && !lower.endsWith('ss') ? lower.slice(0, -1) : lower
  return Object.hasOwn(unitNames, singular) ? unitNames[singular]! : singular
}

/** Words that multiply the number before them, as powers of ten, and the dozen. */
export const multiples: Readonly<Record<string, bigint>> = {
  dozen: 12n,
  hundred: 100n,
  thousand: 1000n,
  million: 1_000_000n,
  billion: 1_000_000_000n,
  trillion: 1_000_000_000_000n,
}

export const baseWords: Readonly<Record<string, number>> = {
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  twelve: 12,
  sixteen: 16,
}

const noUnits = new Set(
  (
    'not no is are was isnt wrong incorrect false more less fewer greater than times maybe perhaps if when but plus minus over ' +
    'under at least most squared cubed factorial half halves third thirds quarter quarters fourths fifths sixths sevenths ' +
    'eighths ninths tenths hundredths thousandths tens ones root roots to through from mod modulo choose below above zero ' +
    'negative too few many short almost nearly or'
  ).split(' '),
)

/** Words behind a number that change what it says, so that they cannot be its unit. */
export const isNoUnit = (word: string): boolean => noUnits.has(word.toLowerCase().replaceAll("'", ''))

/** Words behind a unit that say what is measured: `5 cm long`, `8 years old`, `12 in total`. */
const measuring = new Set(
  'old long tall wide high deep thick away apart left remaining total altogether overall each exactly precisely'.split(
    ' ',
  ),
)
export const isMeasuring = (word: string): boolean => measuring.has(word.toLowerCase())
