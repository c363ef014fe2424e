/**
 * GGUF files: metadata, and every tensor's place checked against the file.
 *
 *     "GGUF" | u32 version | u64 tensors | u64 entries | entries: key, type, value | tensors: name, shape, type, offset
 *     | padding | data
 *
 * Read synchronously, since the thread that holds the engine opens models too, and with every length compared with
 * what is left of the file before anything is allocated for it.
 */

import { UserError } from '../../base/errors.js'
import { shown } from '../../base/shown.js'
import { openFile } from '../file.js'
import { type BlockFormatName, blockFormats } from './dequantize.js'
import { GgufReader } from './reader.js'
import { ggufTypeName } from './types.js'

/** How a tensor's numbers are stored. */
export type GgufDtype = 'F32' | 'F16' | 'BF16' | BlockFormatName

export interface GgufTensor {
  name: string
  dtype: GgufDtype
  /** Row-major, outermost first: the reverse of the file's order. */
  shape: number[]
  /** Absolute offset in the file. */
  offset: number
  bytes: number
}

/** Metadata and tensor places of a GGUF file. */
export interface GgufHeader {
  metadata: Record<string, unknown>
  tensors: GgufTensor[]
}

const plainBytes = { F32: 4, F16: 2, BF16: 2 } as const

/** Weights per block and bytes per block. */
export function blockOf(dtype: GgufDtype): { values: number; bytes: number } {
  if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') return { values: 1, bytes: plainBytes[dtype] }
  return blockFormats[dtype]
}

type Fail = (what: string) => never

/**
 * @throws UserError naming the file, and the tensor where one is at fault: no GGUF file, a version or byte order that
 *   is not read, a quantisation without decoder, offsets outside the file or overlapping
 */
export function readGgufHeader(path: string): GgufHeader {
  const fail: Fail = (what) => {
    throw new UserError(`${path} is not a valid GGUF file: ${what}`, { hint: 'download or write it again' })
  }
  const file = openFile(path)
  try {
    const reader = new GgufReader(file, fail)
    if (reader.ascii(4) !== 'GGUF') fail('it does not begin with GGUF')
    const version = reader.u32()
    if (version !== 2 && version !== 3) fail(`version ${version} is not read (2 and 3 are, little-endian)`)
    // The smallest tensor entry takes 24 bytes, the smallest metadata entry 13.
    const tensorCount = reader.count(24, 'tensors')
    const entryCount = reader.count(13, 'metadata entries')
    const metadata = readMetadata(reader, entryCount, fail)
    const split = metadata['split.count']
    if (typeof split === 'number' && split > 1) {
      throw new UserError(`${path} is one part of a split model`, {
        hint: 'merge the parts into one file (gguf-split --merge)',
      })
    }
    const infos = Array.from({ length: tensorCount }, () => readTensorInfo(reader, fail))
    const alignment = metadata['general.alignment'] ?? 32
    if (typeof alignment !== 'number' || !Number.isInteger(Math.log2(alignment)) || alignment > 2 ** 20) {
      fail(`general.alignment is ${String(alignment)}, expected a power of two`)
    }
    const dataStart = Math.ceil(reader.position / (alignment as number)) * (alignment as number)
    const tensors = infos.map((info) => place(info, dataStart, file.size, path, fail))
    checkLayout(tensors, fail)
    return { metadata, tensors }
  } finally {
    file.close()
  }
}

function readMetadata(reader: GgufReader, count: number, fail: Fail): Record<string, unknown> {
  const metadata: Record<string, unknown> = Object.create(null)
  for (let entry = 0; entry < count; entry++) {
    const key = reader.string()
    if (key in metadata) fail(`the metadata key ${shown(key)} occurs twice`)
    metadata[key] = reader.value(reader.u32())
  }
  return metadata
}

interface TensorInfo {
  name: string
  type: number
  shape: number[]
  offset: number
}

function readTensorInfo(reader: GgufReader, fail: Fail): TensorInfo {
  const name = reader.string()
  const dimensions = reader.u32()
  if (dimensions < 1 || dimensions > 4) fail(`tensor ${shown(name)} has ${dimensions} dimensions`)
  const shape = Array.from({ length: dimensions }, () => Number(reader.u64())).reverse()
  return { name, shape, type: reader.u32(), offset: Number(reader.u64()) }
}

function place(info: TensorInfo, dataStart: number, size: number, path: string, fail: Fail): GgufTensor {
  const quoted = shown(info.name)
  const { shape } = info
  const dtype = ggufTypeName(info.type)
  if (dtype === undefined || !isReadable(dtype)) {
    const readable = [...Object.keys(plainBytes), ...Object.keys(blockFormats)].join(', ')
    throw new UserError(`${path}: tensor ${quoted} is stored as ${dtype ?? `type ${info.type}`}, which is not read`, {
      hint: `use a file in ${readable}`,
    })
  }
  if (shape.some((length) => length < 1)) fail(`tensor ${quoted} has the shape [${shape}]`)
  const { values, bytes: blockBytes } = blockOf(dtype)
  const rowLength = shape[shape.length - 1]
  if (rowLength % values !== 0) fail(`tensor ${quoted} has rows of ${rowLength}, which ${dtype} cannot store`)
  const bytes = (shape.reduce((product, length) => product * length, 1) / values) * blockBytes
  const offset = dataStart + info.offset
  if (!Number.isSafeInteger(offset + bytes) || offset + bytes > size) {
    fail(`tensor ${quoted} takes ${bytes} bytes from ${offset} on, but the file has ${size} (truncated?)`)
  }
  return { name: info.name, dtype: dtype as GgufDtype, shape, offset, bytes }
}

function isReadable(name: string): name is GgufDtype {
  return Object.hasOwn(plainBytes, name) || Object.hasOwn(blockFormats, name)
}

function checkLayout(tensors: GgufTensor[], fail: Fail): void {
  const names = new Set<string>()
  let end = 0
  for (const { name, offset, bytes } of [...tensors].sort((a, b) => a.offset - b.offset)) {
    if (names.has(name)) fail(`tensor ${shown(name)} occurs twice`)
    if (offset < end) fail(`tensor ${shown(name)} overlaps the one before it`)
    names.add(name)
    end = offset + bytes
  }
}
