import type { RandomAccessFile } from '../file.js'

/** Value types of GGUF metadata by their number in the file: bytes, and how a DataView reads one. */
const scalars: Record<number, { bytes: number; read: (view: DataView, at: number) => unknown }> = {
  0: { bytes: 1, read: (view, at) => view.getUint8(at) },
  1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  2: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  3: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  4: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  5: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  6: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  7: { bytes: 1, read: (view, at) => view.getUint8(at) !== 0 },
  10: { bytes: 8, read: (view, at) => narrowed(view.getBigUint64(at, true)) },
  11: { bytes: 8, read: (view, at) => narrowed(view.getBigInt64(at, true)) },
  12: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
}
const stringType = 8
const arrayType = 9

/** A number wherever it is exact, so that metadata reads the same whatever width was written. */
const narrowed = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value)

/** Far above any vocabulary (256k tokens) and low enough that one array of numbers takes at most 128 MiB. */
const maxArrayLength = 2 ** 24
const maxNesting = 4
const windowBytes = 2 ** 20

/** Reads a GGUF header from its beginning on; `fail` is called for what the file cannot hold. */
export class GgufReader {
  /** Absolute offset of the next byte. */
  position = 0
  readonly #file: RandomAccessFile
  readonly #fail: (what: string) => never
  #window = new Uint8Array(0)
  #windowStart = 0

  constructor(file: RandomAccessFile, fail: (what: string) => never) {
    this.#file = file
    this.#fail = fail
  }

  ascii(length: number): string {
    return String.fromCharCode(...this.#take(length))
  }

  u32(): number {
    return this.#view(4).getUint32(0, true)
  }

  u64(): bigint {
    return this.#view(8).getBigUint64(0, true)
  }

  /** A 64-bit count of things that take at least `leastBytes` each, which must still fit into the file. */
  count(leastBytes: number, what: string): number {
    const stated = this.u64()
    const left = this.#file.size - this.position
    if (stated * BigInt(leastBytes) > BigInt(left)) this.#fail(`it claims ${stated} ${what}, but ${left} bytes follow`)
    return Number(stated)
  }

  string(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#take(this.count(1, 'characters of a text')))
  }

  /** A metadata value of the given type: number, bigint, boolean, string or an array of them. */
  value(type: number, depth = 0): unknown {
    if (type === stringType) return this.string()
    if (type === arrayType) {
      if (depth === maxNesting) this.#fail(`its metadata nests arrays deeper than ${maxNesting}`)
      const elementType = this.u32()
      const length = this.count(this.#leastBytes(elementType), 'elements of a metadata array')
      if (length > maxArrayLength) this.#fail(`a metadata array claims ${length} elements, more than ${maxArrayLength}`)
      const values: unknown[] = []
      for (let index = 0; index < length; index++) values.push(this.value(elementType, depth + 1))
      return values
    }
    const bytes = this.#leastBytes(type)
    return scalars[type].read(this.#view(bytes), 0)
  }

  #leastBytes(type: number): number {
    if (type === stringType) return 8
    if (type === arrayType) return 12
    return scalars[type]?.bytes ?? this.#fail(`its metadata has a value of the unknown type ${type}`)
  }

  #view(length: number): DataView {
    const bytes = this.#take(length)
    return new DataView(bytes.buffer, bytes.byteOffset, length)
  }

  #take(length: number): Uint8Array {
    const left = this.#file.size - this.position
    if (length > left) this.#fail(`its header goes beyond its ${this.#file.size} bytes (truncated?)`)
    let from = this.position - this.#windowStart
    if (from + length > this.#window.length) {
      this.#window = new Uint8Array(Math.min(left, Math.max(length, windowBytes)))
      this.#windowStart = this.position
      this.#file.read(this.position, this.#window)
      from = 0
    }
    this.position += length
    return this.#window.subarray(from, from + length)
  }
}
