/**
 * Calls an operator of LibTorch by its schema. An operator is declared once with the kinds of its arguments; the call
 * writes each argument into a 64-bit slot, dispatches, and wraps the results. Handles, lists and boxed optionals that
 * go in are consumed by LibTorch, so a tensor argument is always a fresh handle on the same tensor.
 */
import { type Dtype, dtypes } from './dtype.js'
import { native } from './engine.js'
import { torchFailure } from './errors.js'
import type { Native } from './native.js'
import { Tensor } from './tensor.js'

/** What a slot carries; `?` = may be undefined; `none` = an optional argument that is never given here. */
export type Kind =
  | 'T'
  | 'T?'
  | 'T[]'
  | 'T?[]'
  | 'i'
  | 'i?'
  | 'i[]'
  | 'i[]?'
  | 'f'
  | 'f?'
  | 'b'
  | 'b?'
  | 'dtype?'
  | 'none'

export type Argument =
  | Tensor
  | readonly (Tensor | undefined)[]
  | readonly number[]
  | number
  | boolean
  | Dtype
  | undefined

export interface Operator {
  readonly name: string
  readonly overload: string
  readonly kinds: readonly Kind[]
  /** Tensors, one a letter; a list of them; or nothing that is looked at. */
  readonly results: 'T' | 'TT' | 'TTTTT' | 'T[]' | ''
  addresses?: { name: number; overload: number; of: Native }
}

/** Declares `aten::name.overload`, e.g. `operator('mul', 'Tensor', ['T', 'T'])`. */
export function operator(
  name: string,
  overload: string,
  kinds: readonly Kind[],
  results: Operator['results'] = 'T',
): Operator {
  return { name: `aten::${name}`, overload, kinds, results }
}

const two32 = 2 ** 32

function write(engine: Native, slot: number, value: number): void {
  engine.slotsU32[slot * 2] = value >>> 0
  engine.slotsU32[slot * 2 + 1] = Math.floor(value / two32)
}

const read = (engine: Native, slot: number) => engine.slotsU32[slot * 2] + engine.slotsU32[slot * 2 + 1] * two32

function boxTensor(engine: Native, tensor: Tensor): number {
  const handle = engine.copyHandle(alive(tensor))
  return engine.newOptional(handle >>> 0, Math.floor(handle / two32))
}

/** The handle of a tensor that is not disposed of: LibTorch would follow a null pointer. */
export function alive(tensor: Tensor): number {
  if (tensor.handle === 0) throw new Error('a tensor among the arguments has been disposed of')
  return tensor.handle
}

const doubleBits = new Float64Array(1)
const doubleWords = new Uint32Array(doubleBits.buffer)

function listOf<V>(engine: Native, values: readonly V[], toBits: (value: V) => number): number {
  const list = engine.newList(values.length)
  for (const value of values) {
    const bits = toBits(value)
    engine.pushList(list, bits >>> 0, Math.floor(bits / two32) >>> 0)
  }
  return list
}

function encode(engine: Native, slot: number, kind: Kind, value: Argument): void {
  switch (kind) {
    case 'T':
      write(engine, slot, engine.copyHandle(alive(value as Tensor)))
      return
    case 'T?':
      write(engine, slot, value === undefined ? 0 : boxTensor(engine, value as Tensor))
      return
    case 'T[]':
      write(
        engine,
        slot,
        listOf(engine, value as Tensor[], (tensor) => engine.copyHandle(alive(tensor))),
      )
      return
    case 'T?[]':
      write(
        engine,
        slot,
        listOf(engine, value as (Tensor | undefined)[], (tensor) => (tensor ? boxTensor(engine, tensor) : 0)),
      )
      return
    case 'i':
      write(engine, slot, value as number)
      return
    case 'i?':
      write(
        engine,
        slot,
        value === undefined
          ? 0
          : engine.newOptional((value as number) >>> 0, Math.floor((value as number) / two32) >>> 0),
      )
      return
    case 'i[]':
      write(
        engine,
        slot,
        listOf(engine, value as number[], (item) => item),
      )
      return
    case 'i[]?': {
      const list = value === undefined ? 0 : listOf(engine, value as number[], (item) => item)
      write(engine, slot, list === 0 ? 0 : engine.newOptional(list >>> 0, Math.floor(list / two32)))
      return
    }
    case 'f':
      engine.slotsF64[slot] = value as number
      return
    case 'f?':
      doubleBits[0] = (value as number | undefined) ?? 0
      write(engine, slot, value === undefined ? 0 : engine.newOptional(doubleWords[0], doubleWords[1]))
      return
    case 'b':
      write(engine, slot, value ? 1 : 0)
      return
    case 'b?':
      write(engine, slot, value === undefined ? 0 : engine.newOptional(value ? 1 : 0, 0))
      return
    case 'dtype?':
      write(engine, slot, value === undefined ? 0 : engine.newOptional(dtypes[value as Dtype].code, 0))
      return
    case 'none':
      write(engine, slot, 0)
  }
}

function describe(value: Argument): string {
  if (value instanceof Tensor) return String(value)
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`
  return String(value)
}

/** The error of a function that does not go through the dispatcher, in the same form. */
export function direct<T>(name: string, operands: readonly Argument[], run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw torchFailure(name, operands.map(describe), (error as Error).message)
  }
}

function invoke(op: Operator, values: readonly Argument[]): Native {
  const engine = native()
  let { addresses } = op
  if (addresses?.of !== engine) {
    addresses = { name: engine.cstring(op.name), overload: engine.cstring(op.overload), of: engine }
    op.addresses = addresses
  }
  const { kinds } = op
  for (let i = 0; i < kinds.length; i++) {
    // The commonest kind, without the switch and its calls.
    if (kinds[i] === 'T') {
      const handle = engine.copyHandle(alive(values[i] as Tensor))
      engine.slotsU32[i * 2] = handle >>> 0
      engine.slotsU32[i * 2 + 1] = (handle / two32) | 0
    } else encode(engine, i, kinds[i], values[i])
  }
  if (engine.dispatch(addresses.name, addresses.overload) !== 0) {
    const full = op.overload ? `${op.name}.${op.overload}` : op.name
    throw torchFailure(full, values.map(describe), engine.lastError())
  }
  return engine
}

/** Calls an operator with one tensor as its result. */
export function call(op: Operator, ...values: Argument[]): Tensor {
  return new Tensor(read(invoke(op, values), 0))
}

/** Calls an operator with two tensors as its result. */
export function callPair(op: Operator, ...values: Argument[]): [Tensor, Tensor] {
  const engine = invoke(op, values)
  const [first, second] = [read(engine, 0), read(engine, 1)]
  return [new Tensor(first), new Tensor(second)]
}

/** Calls an operator of several tensors as its result, of which only the first is wanted. */
export function callFirst(op: Operator, ...values: Argument[]): Tensor {
  const engine = invoke(op, values)
  const [first, ...others] = Array.from(op.results, (_, slot) => read(engine, slot))
  for (const other of others) engine.deleteHandle(other)
  return new Tensor(first)
}

/** Calls an operator whose result is a list of tensors. */
export function callList(op: Operator, ...values: Argument[]): Tensor[] {
  const engine = invoke(op, values)
  const list = read(engine, 0)
  const tensors: Tensor[] = []
  for (let i = 0, n = engine.listSize(list); i < n; i++) tensors.push(new Tensor(engine.listItem(list, i)))
  engine.deleteList(list)
  return tensors
}

/** Calls an operator that works in place on its first argument; frees the alias that LibTorch returns. */
export function callInPlace(op: Operator, ...values: Argument[]): void {
  const engine = invoke(op, values)
  if (op.results === 'T') engine.deleteHandle(read(engine, 0))
}
