/**
 * TensorBoard's event files: records of (length, masked CRC of the length, data, masked CRC of the data), little-endian,
 * the data a protobuf `Event`. Source: tensorflow/core/lib/io/record_writer.h, core/util/event.proto, and
 * core/framework/summary.proto.
 */
import os from 'node:os'
import { join } from 'node:path'
import { defineTracker, type LoggedEvaluation, type LoggedPart, type LoggedStep, numbersOf } from './tracker.js'

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

/** SummaryMetadata: the plugin's name, the description, and the data class, without which the description is dropped. */
const scalarMetadata = (description: string): Buffer =>
  Buffer.concat([
    delimited(1, delimited(1, Buffer.from('scalars'))),
    delimited(3, Buffer.from(description)),
    tag(4, 0),
    varint(1),
  ])

/**
 * One step's scalars, e.g. {'train/reward_mean': 0.5}. `seconds` since the epoch. TensorBoard takes what a tag means, Markdown,
 * from the tag's first value in a file.
 */
export function scalarsRecord(
  step: number,
  seconds: number,
  scalars: Readonly<Record<string, number>>,
  meanings: Readonly<Record<string, string | undefined>> = {},
): Buffer {
  const values = Object.entries(scalars).map(([name, value]) => {
    const meaning = meanings[name]
    return delimited(
      1,
      Buffer.concat([
        delimited(1, Buffer.from(name)),
        float32(2, value),
        ...(meaning === undefined ? [] : [delimited(9, scalarMetadata(meaning))]),
      ]),
    )
  })
  return record(Buffer.concat([float64(1, seconds), tag(2, 0), varint(step), delimited(5, Buffer.concat(values))]))
}

/** Tags are train/KEY and eval/KEY. A resumed run writes its past again, so that no steps after its checkpoint are shown. */
export const tensorboard = defineTracker({
  name: 'tensorboard',
  summary: 'event files under tensorboard/ in the run directory',
  options: {},
  open(_, { directory, files, past, describe }) {
    const started = Date.now() / 1000
    const folder = join(directory, 'tensorboard')
    const file = join(folder, `events.out.tfevents.${Math.floor(started)}.${os.hostname()}.${process.pid}`)
    const described = new Set<string>()
    const recordOf = (part: LoggedPart, line: LoggedStep | LoggedEvaluation, seconds: number): Buffer => {
      const numbers = numbersOf(line).map(([key, value]) => ({ key, tag: `${part}/${key}`, value }))
      const meanings = numbers
        .filter(({ tag }) => !described.has(tag))
        .map(({ key, tag }) => [tag, meaningOf(describe(part, key))] as const)
      for (const [tag] of meanings) described.add(tag)
      const scalars = numbers.map(({ tag, value }) => [tag, value] as const)
      return scalarsRecord(line.step, seconds, Object.fromEntries(scalars), Object.fromEntries(meanings))
    }
    const stepRecord = (line: LoggedStep) => recordOf('train', line, Date.parse(line.time) / 1000)
    const evaluationRecord = (line: LoggedEvaluation) => recordOf('eval', line, Date.now() / 1000)
    const before = [...past.steps.map(stepRecord), ...past.evaluations.map(evaluationRecord)]
    files.remove(folder)
    files.makeDirectory(folder)
    files.write(file, Buffer.concat([eventFileHeader(started), ...before]))
    return {
      step: (line) => files.append(file, stepRecord(line)),
      evaluation: (line) => files.append(file, evaluationRecord(line)),
    }
  },
})

const meaningOf = (metric: { caption: string; unit?: string } | undefined): string | undefined =>
  metric && (metric.unit ? `${metric.caption} Unit: ${metric.unit}.` : metric.caption)
