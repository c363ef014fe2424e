/**
 * TensorBoard's event files: records of (length, masked CRC of the length, data, masked CRC of the data), little-endian,
 * the data a protobuf `Event`. Source: tensorflow/core/lib/io/record_writer.h and core/util/event.proto.
 */

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

/** CRC-32C (Castagnoli, reflected polynomial 0x82f63b78; RFC 3720 B.4). */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of data) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** Rotated right by 15 bits plus a constant: a CRC of data that holds CRCs would be weak. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

function record(data: Uint8Array): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(data.length))
  const out = Buffer.alloc(12 + data.length + 4)
  length.copy(out, 0)
  out.writeUInt32LE(maskedCrc(length), 8)
  out.set(data, 12)
  out.writeUInt32LE(maskedCrc(data), 12 + data.length)
  return out
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = BigInt(value)
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 0x80 : low)
  } while (rest > 0n)
  return Buffer.from(bytes)
}

const tag = (field: number, wireType: 0 | 1 | 2 | 5) => varint(field * 8 + wireType)
const delimited = (field: number, data: Uint8Array) => Buffer.concat([tag(field, 2), varint(data.length), data])

function float64(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return Buffer.concat([tag(field, 1), bytes])
}

function float32(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return Buffer.concat([tag(field, 5), bytes])
}

/** The record that a file begins with. */
export function eventFileHeader(seconds: number): Buffer {
  return record(Buffer.concat([float64(1, seconds), delimited(3, Buffer.from('brain.Event:2'))]))
}

/** One step's scalars, e.g. {'train/reward_mean': 0.5}. `seconds` since the epoch. */
export function scalarsRecord(step: number, seconds: number, scalars: Record<string, number>): Buffer {
  const values = Object.entries(scalars).map(([name, value]) =>
    delimited(1, Buffer.concat([delimited(1, Buffer.from(name)), float32(2, value)])),
  )
  return record(Buffer.concat([float64(1, seconds), tag(2, 0), varint(step), delimited(5, Buffer.concat(values))]))
}
