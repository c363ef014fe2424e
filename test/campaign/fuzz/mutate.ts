/** Damages a file: bytes, pieces of text, and parts of a JSON value. Every choice comes from the numbers of one case. */

export interface Choices {
  below(count: number): number
}

export const choicesOf = (next: () => number): Choices => ({ below: (count) => Math.floor(next() * count) })

const pick = <T>(choices: Choices, values: readonly T[]): T => values[choices.below(values.length)]!

/** Unsigned numbers that lengths and offsets go wrong at. */
const edges = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
]

const byteChanges: ((file: Buffer, choices: Choices) => Buffer)[] = [
  function flipBits(file, choices) {
    const copy = Buffer.from(file)
    for (let left = 1 + choices.below(4); left > 0; left--) copy[choices.below(copy.length)]! ^= 1 << choices.below(8)
    return copy
  },
  function setBytes(file, choices) {
    const copy = Buffer.from(file)
    for (let left = 1 + choices.below(8); left > 0; left--) copy[choices.below(copy.length)] = choices.below(256)
    return copy
  },
  function writeEdge(file, choices) {
    const copy = Buffer.from(file)
    const width = pick(choices, [1, 2, 4, 8])
    const value = BigInt.asUintN(8 * width, pick(choices, edges))
    for (let i = 0, at = choices.below(copy.length); i < width && at + i < copy.length; i++) {
      copy[at + i] = Number((value >> BigInt(8 * i)) & 0xffn)
    }
    return copy
  },
  (file, choices) => file.subarray(0, choices.below(file.length)),
  function remove(file, choices) {
    const [from, to] = range(file, choices)
    return Buffer.concat([file.subarray(0, from), file.subarray(to)])
  },
  function repeat(file, choices) {
    const [from, to] = range(file, choices)
    const times = Math.min(1 + choices.below(2000), Math.ceil(200_000 / Math.max(1, to - from)))
    const part = file.subarray(from, to)
    return Buffer.concat([file.subarray(0, to), ...Array.from({ length: times }, () => part), file.subarray(to)])
  },
  function move(file, choices) {
    const [from, to] = range(file, choices)
    const at = choices.below(file.length)
    return Buffer.concat([file.subarray(0, at), file.subarray(from, to), file.subarray(at)])
  },
]

/** A range whose length is small more often than large. */
function range(file: Buffer, choices: Choices): [number, number] {
  const from = choices.below(file.length)
  const length = choices.below(2 ** (1 + choices.below(12)))
  return [from, Math.min(file.length, from + length)]
}

/** Pieces that parsers of text trip over; `{}` in them is the length of their repetition. */
const pieces = [
  '"',
  "'",
  '\\',
  '\n',
  '\r',
  '\0',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\u001b[31m',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '- ',
  '&a ',
  '*a',
  '!!js/function ',
  '<<: ',
  '|',
  '%',
  '$',
  '\\boxed{',
  '{{',
  '}}',
  '{%',
  '%}',
  'for',
  'null',
  'true',
  'NaN',
  '-Infinity',
  '1e999',
  '-1',
  '0',
  '99999999999999999999',
  '0.1e-999',
  '__proto__',
  'constructor',
]

function insertText(file: Buffer, choices: Choices): Buffer {
  const times = pick(choices, [1, 1, 1, 2, 100, 20_000])
  const at = choices.below(file.length + 1)
  return Buffer.concat([file.subarray(0, at), Buffer.from(pick(choices, pieces).repeat(times)), file.subarray(at)])
}

function replaceNumber(file: Buffer, choices: Choices): Buffer {
  const text = file.toString('latin1')
  const numbers = [...text.matchAll(/-?\d+(\.\d+)?/g)]
  if (numbers.length === 0) return file
  const { index, 0: old } = pick(choices, numbers)
  const value = pick(choices, ['-1', '0', '1', '1e308', '1e-320', '4294967296', '9007199254740993', '.5', 'null', '""'])
  return Buffer.from(text.slice(0, index) + value + text.slice(index + old.length), 'latin1')
}

/** Stands for lists in lists in the text of a value: a value itself cannot be that deep. */
const deep = '@deep@'

/** JSON of a value that {@link changeJson} made. */
export const changedText = (value: unknown): string =>
  JSON.stringify(value).replaceAll(`"${deep}"`, '['.repeat(5000) + ']'.repeat(5000))

const strangeValues: (() => unknown)[] = [
  () => null,
  () => true,
  () => -1,
  () => 0,
  () => 0.5,
  () => 1e308,
  () => 2 ** 53,
  () => -(2 ** 31),
  () => '',
  () => 'x'.repeat(100_000),
  () => '((.*)*)*X',
  () => '\ud800\0\u2028\u001b[2J',
  () => '/etc/../..\0',
  () => [],
  () => ({}),
  () => [[], {}, null, 1, ''],
  () => deep,
  () => Array.from({ length: 20_000 }, (_, i) => i),
  () => Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i])),
]

type Holder = Record<string, unknown>

/** Every place of the value: its holder and its key. */
function placesOf(value: unknown, places: [Holder, string][] = []): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return places
  for (const key of Object.keys(value)) {
    places.push([value as Holder, key])
    if (places.length < 5000) placesOf((value as Holder)[key], places)
  }
  return places
}

/** The JSON value with a few of its parts replaced, removed, renamed, or exchanged. */
export function changeJson(value: unknown, choices: Choices): unknown {
  const root: Holder = { value: structuredClone(value) }
  for (let left = 1 + choices.below(3); left > 0; left--) {
    if (!Object.hasOwn(root, 'value')) root.value = null
    const [holder, key] = pick(choices, placesOf(root))
    const [otherHolder, otherKey] = pick(choices, placesOf(root))
    const kind = choices.below(5)
    if (kind < 2) holder[key] = pick(choices, strangeValues)()
    else if (kind === 2) delete holder[key]
    else if (kind === 3) holder[key] = structuredClone(otherHolder[otherKey])
    else {
      const moved = holder[key]
      delete holder[key]
      holder[pick(choices, [otherKey, '__proto__', 'toString', '', `${key}s`])] = moved
    }
  }
  return root.value ?? null
}

/** One to three changes of bytes. */
export function damageBytes(file: Buffer, choices: Choices): Buffer {
  let changed = file
  for (let left = 1 + choices.below(3); left > 0 && changed.length > 0; left--) {
    changed = pick(choices, byteChanges)(changed, choices)
  }
  return changed
}

/** One to three changes of a text file. */
export function damageText(file: Buffer, choices: Choices): Buffer {
  let changed = file
  for (let left = 1 + choices.below(3); left > 0 && changed.length > 0; left--) {
    changed = pick(choices, [insertText, replaceNumber, damageBytes])(changed, choices)
  }
  return changed
}

/** Half of the time a change of the value, else one of its text. */
export function damageJson(file: Buffer, choices: Choices): Buffer {
  if (choices.below(2) === 0) return damageText(file, choices)
  return Buffer.from(changedText(changeJson(JSON.parse(file.toString()), choices)))
}

/** Half of the time a change of one line's value, else one of the text. */
export function damageJsonLines(file: Buffer, choices: Choices): Buffer {
  if (choices.below(2) === 0) return damageText(file, choices)
  const lines = file.toString().trimEnd().split('\n')
  const at = choices.below(lines.length)
  lines[at] = changedText(changeJson(JSON.parse(lines[at]!), choices))
  return Buffer.from(`${lines.join('\n')}\n`)
}
