/**
 * The safetensors format: 8 bytes of header length, a JSON header, then the tensors' bytes without gaps.
 *
 *     u64 N | {"__metadata__": {...}, name: {"dtype", "shape", "data_offsets": [begin, end]}, ...} (N bytes) | data
 *
 * Opening checks every entry against the file, as the reference implementation does: nothing is allocated for tensor
 * data, and a file that opens can be read to its last byte.
 */

import { UserError } from '../base/errors.js'
import { shown } from '../base/shown.js'
import { openFile, type RandomAccessFile } from './file.js'
import { isObject, parseJsonObject } from './json.js'

/** Bytes of one element. */
export const dtypeBytes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
} as const

export type SafetensorsDtype = keyof typeof dtypeBytes

/** The reference implementation's own limit. */
const maxHeaderBytes = 100_000_000

export interface SafetensorsEntry {
  dtype: SafetensorsDtype
  shape: readonly number[]
  /** Absolute offset of the first byte in the file. */
  offset: number
  bytes: number
}

/** An open safetensors file. */
export interface SafetensorsFile {
  readonly path: string
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>
  readonly metadata: Readonly<Record<string, string>>
  /** Fills `into` with the tensor's bytes (or as many as it holds), starting `skip` bytes into the tensor. */
  readInto(name: string, into: Uint8Array, skip?: number): void
  close(): void
}

/** @throws UserError naming the file, and the tensor where one is at fault */
export function openSafetensors(path: string): SafetensorsFile {
  const file = openFile(path)
  try {
    const { tensors, metadata } = readHeader(file)
    return {
      path,
      tensors,
      metadata,
      readInto(name, into, skip = 0) {
        const entry = tensors.get(name)
        if (entry === undefined) throw new Error(`${path} has no tensor ${name}`)
        if (skip < 0 || skip + into.length > entry.bytes) throw new Error(`${path}: read beyond the end of ${name}`)
        file.read(entry.offset + skip, into)
      },
      close: () => file.close(),
    }
  } catch (error) {
    file.close()
    throw error
  }
}

function readHeader(file: RandomAccessFile): Pick<SafetensorsFile, 'tensors' | 'metadata'> {
  const fail = (what: string): never => {
    throw new UserError(`${file.path} is not a valid safetensors file: ${what}`, { hint: 'download or write it again' })
  }
  if (file.size < 8) fail(`it has ${file.size} bytes, fewer than its header length takes`)
  const lengthBytes = new Uint8Array(8)
  file.read(0, lengthBytes)
  const stated = new DataView(lengthBytes.buffer).getBigUint64(0, true)
  if (stated > BigInt(maxHeaderBytes)) fail(`its header claims ${stated} bytes, more than ${maxHeaderBytes}`)
  const headerBytes = Number(stated)
  if (headerBytes > file.size - 8)
    fail(`its header claims ${headerBytes} bytes, but ${file.size - 8} follow (truncated?)`)
  const header = new Uint8Array(headerBytes)
  file.read(8, header)
  const dataStart = 8 + headerBytes

  const tensors = new Map<string, SafetensorsEntry>()
  let metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(parseJsonObject(decodeUtf8(header, fail), `${file.path}: its header`))) {
    if (name === '__metadata__') metadata = parseMetadata(value, fail)
    else tensors.set(name, parseEntry(name, value, dataStart, fail))
  }
  checkLayout(tensors, dataStart, file.size, fail)
  return { tensors, metadata }
}

type Fail = (what: string) => never

function decodeUtf8(bytes: Uint8Array, fail: Fail): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return fail('its header is not UTF-8')
  }
}

function parseMetadata(value: unknown, fail: Fail): Record<string, string> {
  if (isObject(value) && Object.values(value).every((item) => typeof item === 'string'))
    return value as Record<string, string>
  return fail('__metadata__ is not a map of strings')
}

function parseEntry(name: string, value: unknown, dataStart: number, fail: Fail): SafetensorsEntry {
  const quoted = shown(name)
  if (!isObject(value)) return fail(`tensor ${quoted} is not described by an object`)
  const { dtype, shape, data_offsets: offsets } = value
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypeBytes, dtype)) {
    return fail(`tensor ${quoted} has the unknown dtype ${shown(dtype)}`)
  }
  if (!isCountList(shape)) return fail(`tensor ${quoted} has the shape ${shown(shape)}`)
  if (!isCountList(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    return fail(`tensor ${quoted} has the offsets ${shown(offsets)}`)
  }
  const [begin, end] = offsets
  // Exact: a product that passes 2^53 is already larger than any end, which is a safe integer.
  const bytes = shape.reduce((product, size) => product * size, dtypeBytes[dtype as SafetensorsDtype])
  if (bytes !== end - begin) {
    return fail(
      `tensor ${quoted} takes ${bytes} bytes by dtype ${dtype} and shape [${shape}], but its offsets span ${end - begin}`,
    )
  }
  return { dtype: dtype as SafetensorsDtype, shape, offset: dataStart + begin, bytes }
}

function isCountList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0)
}

/** The tensors must tile the data section: no overlap, no hole, nothing beyond the end, nothing left over. */
function checkLayout(tensors: Map<string, SafetensorsEntry>, dataStart: number, size: number, fail: Fail): void {
  let position = dataStart
  const inOrder = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes)
  for (const [name, { offset, bytes }] of inOrder) {
    const quoted = shown(name)
    if (offset < position) fail(`tensor ${quoted} overlaps the one before it`)
    if (offset > position) fail(`${offset - position} bytes before tensor ${quoted} belong to no tensor`)
    position = offset + bytes
    if (position > size) fail(`tensor ${quoted} ends at byte ${position}, but the file has ${size} (truncated?)`)
  }
  if (position < size) fail(`${size - position} bytes at its end belong to no tensor`)
}
