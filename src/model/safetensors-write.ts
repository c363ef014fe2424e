/** Writing safetensors files: beside the target first, synced, then renamed, so that no reader meets half a file. */

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dtypeBytes, type SafetensorsDtype } from './safetensors.js'

export interface TensorPlan {
  name: string
  dtype: SafetensorsDtype
  shape: readonly number[]
}

export interface TensorToWrite extends TensorPlan {
  /** Row-major, little-endian; a function is called when its turn comes, so that not all need to exist at once. */
  bytes: Uint8Array | (() => Uint8Array)
}

/** A file whose layout is settled and whose tensors come in any order and in pieces. */
export interface SafetensorsWriter {
  /** Writes `bytes` from `skip` bytes into the tensor on. */
  write(name: string, bytes: Uint8Array, skip?: number): void
  /** Syncs the file and gives it its name. */
  finish(): void
  /** Removes what was written. */
  abort(): void
}

/** Writes `tensors` and, in the header, `metadata`. An existing file is replaced, or kept where writing fails. */
export function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): void {
  const writer = createSafetensors(path, tensors, metadata)
  try {
    for (const { name, bytes } of tensors) writer.write(name, typeof bytes === 'function' ? bytes() : bytes)
    writer.finish()
  } catch (error) {
    writer.abort()
    throw error
  }
}

/** Bytes that a tensor of this dtype and shape takes. */
export const tensorBytes = ({ dtype, shape }: Pick<TensorPlan, 'dtype' | 'shape'>): number =>
  shape.reduce((product, length) => product * length, dtypeBytes[dtype])

/** One write call takes at most 2^31 - 1 bytes. */
const maxWriteBytes = 2 ** 30

export function createSafetensors(
  path: string,
  plan: readonly TensorPlan[],
  metadata: Readonly<Record<string, string>> = {},
): SafetensorsWriter {
  const { header, places } = layOut(plan, metadata)
  const aside = `${path}.writing`
  const fd = openSync(aside, 'w')
  let left = [...places.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  let isOpen = true
  const writeAll = (bytes: Uint8Array, position: number): void => {
    let done = 0
    while (done < bytes.length) {
      done += writeSync(fd, bytes, done, Math.min(bytes.length - done, maxWriteBytes), position + done)
    }
  }
  const close = (): void => {
    if (isOpen) closeSync(fd)
    isOpen = false
  }
  try {
    writeAll(header, 0)
  } catch (error) {
    close()
    rmSync(aside, { force: true })
    throw error
  }
  return {
    write(name, bytes, skip = 0) {
      const place = places.get(name)
      if (place === undefined) throw new Error(`${path} has no place for the tensor ${name}`)
      if (skip + bytes.length > place.bytes) {
        throw new Error(`${path}: ${skip + bytes.length} bytes for the tensor ${name}, which takes ${place.bytes}`)
      }
      writeAll(bytes, place.offset + skip)
      left -= bytes.length
    },
    finish() {
      if (left !== 0) throw new Error(`${path}: ${left} bytes of its tensors were not written`)
      fsyncSync(fd)
      close()
      renameSync(aside, path)
    },
    abort() {
      close()
      rmSync(aside, { force: true })
    },
  }
}

/** Tensors of wide elements first, and the header padded to 8 bytes: every tensor is then aligned for mapping. */
function layOut(
  plan: readonly TensorPlan[],
  metadata: Readonly<Record<string, string>>,
): { header: Uint8Array; places: Map<string, { offset: number; bytes: number }> } {
  const places = new Map<string, { offset: number; bytes: number }>()
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : []
  let end = 0
  for (const tensor of [...plan].sort((a, b) => dtypeBytes[b.dtype] - dtypeBytes[a.dtype])) {
    const { name, dtype, shape } = tensor
    if (places.has(name)) throw new Error(`two tensors are called ${name}`)
    const bytes = tensorBytes(tensor)
    places.set(name, { offset: end, bytes })
    entries.push([name, { dtype, shape, data_offsets: [end, end + bytes] }])
    end += bytes
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  const length = Math.ceil(json.length / 8) * 8
  const header = new Uint8Array(8 + length).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true)
  header.set(json, 8)
  for (const place of places.values()) place.offset += header.length
  return { header, places }
}
