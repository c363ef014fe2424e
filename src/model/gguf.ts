/**
 * GGUF files: the header by Hugging Face's parser, then every tensor's place checked against the file. The result is
 * plain data ({@link GgufHeader}), so that a thread that may not wait can open the same file without parsing it again.
 */

import { GGMLQuantizationType, gguf } from '@huggingface/gguf'
import { UserError } from '../config/errors.js'
import { type BlockFormatName, blockFormats } from './dequantize.js'
import { openFile } from './file.js'

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

/** Metadata and tensor places of a GGUF file. Survives structured cloning. */
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

/**
 * @throws UserError naming the file, and the tensor where one is at fault: no GGUF file, a version or byte order that
 *   is not read, a quantisation without decoder, offsets outside the file or overlapping
 */
export async function readGgufHeader(path: string): Promise<GgufHeader> {
  const fail = (what: string, cause?: unknown): never => {
    throw new UserError(`${path} is not a valid GGUF file: ${what}`, { hint: 'download it again', cause })
  }
  const size = checkPreamble(path, fail)
  const parsed = await gguf(path, { allowLocalFile: true }).catch((cause: Error) => fail(cause.message, cause))
  const metadata: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(parsed.metadata)) metadata[key] = plain(value)
  if (Number(metadata['split.count'] ?? 1) > 1) {
    throw new UserError(`${path} is one part of a split model`, {
      hint: 'merge the parts into one file (gguf-split --merge)',
    })
  }
  const dataStart = Number(parsed.tensorDataOffset)
  // The parser pads what it reads of a short file with zeros; what it then reports lies beyond the end.
  if (Number(parsed.tensorInfoByteRange[1]) > size) fail(`its header goes beyond its ${size} bytes (truncated?)`)
  const tensors = parsed.tensorInfos.map((info) => place(info, dataStart, size, fail))
  checkLayout(tensors, fail)
  return { metadata, tensors }
}

type Fail = (what: string, cause?: unknown) => never

/** Magic, version and counts, before the parser trusts them. Returns the file's size. */
function checkPreamble(path: string, fail: Fail): number {
  const file = openFile(path)
  try {
    if (file.size < 24) return fail(`it has ${file.size} bytes`)
    const bytes = new Uint8Array(24)
    file.read(0, bytes)
    if (String.fromCharCode(...bytes.subarray(0, 4)) !== 'GGUF') return fail('it does not begin with GGUF')
    const view = new DataView(bytes.buffer)
    const version = view.getUint32(4, true)
    if (version !== 2 && version !== 3) return fail(`version ${version} is not read (2 and 3 are, little-endian)`)
    // The smallest tensor entry takes 24 bytes, the smallest metadata entry 13.
    const tensors = view.getBigUint64(8, true)
    const entries = view.getBigUint64(16, true)
    if (tensors * 24n + entries * 13n > BigInt(file.size)) {
      return fail(`it claims ${tensors} tensors and ${entries} metadata entries in ${file.size} bytes`)
    }
    return file.size
  } finally {
    file.close()
  }
}

/** 64-bit integers become numbers where they fit, so that metadata reads the same whatever width was written. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  return Array.isArray(value) && typeof value[0] === 'bigint' ? value.map(plain) : value
}

function place(
  info: { name: string; dtype: number; shape: bigint[]; offset: bigint },
  dataStart: number,
  size: number,
  fail: Fail,
): GgufTensor {
  const shown = JSON.stringify(info.name)
  const typeName: string | undefined = GGMLQuantizationType[info.dtype]
  if (typeName === undefined || !isReadable(typeName)) {
    const readable = [...Object.keys(plainBytes), ...Object.keys(blockFormats)].join(', ')
    throw new UserError(`tensor ${shown} is stored as ${typeName ?? `type ${info.dtype}`}, which is not read`, {
      hint: `use a file in ${readable}`,
    })
  }
  const shape = info.shape.map(Number).reverse()
  if (shape.length === 0 || shape.some((count) => count < 1)) return fail(`tensor ${shown} has the shape [${shape}]`)
  const { values, bytes: blockBytes } = blockOf(typeName)
  const count = shape.reduce((product, length) => product * length, 1)
  if (shape[shape.length - 1] % values !== 0) {
    return fail(`tensor ${shown} has rows of ${shape[shape.length - 1]}, which ${typeName} cannot store`)
  }
  const bytes = (count / values) * blockBytes
  const offset = dataStart + Number(info.offset)
  if (!Number.isSafeInteger(offset + bytes) || offset + bytes > size) {
    return fail(`tensor ${shown} takes ${bytes} bytes from ${offset} on, but the file has ${size} (truncated?)`)
  }
  return { name: info.name, dtype: typeName, shape, offset, bytes }
}

function isReadable(name: string): name is GgufDtype {
  return Object.hasOwn(plainBytes, name) || Object.hasOwn(blockFormats, name)
}

function checkLayout(tensors: GgufTensor[], fail: Fail): void {
  const names = new Set<string>()
  let end = 0
  for (const { name, offset, bytes } of [...tensors].sort((a, b) => a.offset - b.offset)) {
    if (names.has(name)) fail(`tensor ${JSON.stringify(name)} occurs twice`)
    if (offset < end) fail(`tensor ${JSON.stringify(name)} overlaps the one before it`)
    names.add(name)
    end = offset + bytes
  }
}
