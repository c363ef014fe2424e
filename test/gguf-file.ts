/** Writes GGUF files for tests, from the format's description: version 3, float32 tensors, little-endian. */
import { writeFileSync } from 'node:fs'

export interface GgufTensorToWrite {
  name: string
  /** Outermost first, as everywhere else here; the file has it the other way round. */
  shape: readonly number[]
  values: Float32Array
}

const alignment = 32

/** Metadata values: texts, booleans, whole numbers (u32), numbers that are not whole (f32), and lists of texts. */
export function writeGguf(
  path: string,
  metadata: Readonly<Record<string, string | boolean | number | readonly string[]>>,
  tensors: readonly GgufTensorToWrite[],
): void {
  const parts: Buffer[] = []
  const number = (bytes: 4 | 8, value: number): void => {
    const buffer = Buffer.alloc(bytes)
    if (bytes === 4) buffer.writeUInt32LE(value)
    else buffer.writeBigUInt64LE(BigInt(value))
    parts.push(buffer)
  }
  const text = (value: string): void => {
    number(8, Buffer.byteLength(value))
    parts.push(Buffer.from(value))
  }
  const typed = (value: (typeof metadata)[string]): void => {
    if (typeof value === 'string') {
      number(4, 8)
      text(value)
    } else if (typeof value === 'boolean') {
      number(4, 7)
      parts.push(Buffer.from([value ? 1 : 0]))
    } else if (typeof value === 'number') {
      number(4, Number.isInteger(value) ? 4 : 6)
      if (Number.isInteger(value)) number(4, value)
      else parts.push(Buffer.from(Float32Array.of(value).buffer))
    } else {
      number(4, 9)
      number(4, 8)
      number(8, value.length)
      for (const item of value) text(item)
    }
  }
  parts.push(Buffer.from('GGUF'))
  number(4, 3)
  number(8, tensors.length)
  number(8, Object.keys(metadata).length)
  for (const [key, value] of Object.entries(metadata)) {
    text(key)
    typed(value)
  }
  const padded = (bytes: number) => Math.ceil(bytes / alignment) * alignment
  let offset = 0
  for (const { name, shape, values } of tensors) {
    text(name)
    number(4, shape.length)
    for (const length of [...shape].reverse()) number(8, length)
    number(4, 0)
    number(8, offset)
    offset += padded(values.byteLength)
  }
  const header = Buffer.concat(parts)
  const file = Buffer.alloc(padded(header.length) + offset)
  header.copy(file)
  let at = padded(header.length)
  for (const { values } of tensors) {
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).copy(file, at)
    at += padded(values.byteLength)
  }
  writeFileSync(path, file)
}
