import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { UserError } from '../base/errors.js'
import { dtypeBytes, openSafetensors, type SafetensorsDtype } from './safetensors.js'
import { writeSafetensors } from './safetensors-write.js'

const scratch = mkdtempSync(join(tmpdir(), 'isentrope-safetensors-'))
afterAll(() => rmSync(scratch, { recursive: true }))
const path = join(scratch, 'model.safetensors')

/** A file with this header (an object, or text as it stands) and this many bytes of data. */
function write(header: unknown, dataBytes: number, statedLength?: bigint): void {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const file = Buffer.alloc(8 + json.length + dataBytes)
  file.writeBigUInt64LE(statedLength ?? BigInt(json.length))
  json.copy(file, 8)
  writeFileSync(path, file)
}

const opens = (): void => openSafetensors(path).close()
const f32 = (shape: number[], ...data_offsets: number[]) => ({ dtype: 'F32', shape, data_offsets })

describe('a safetensors file', () => {
  const tensor = fc
    .record({
      dtype: fc.constantFrom(...(Object.keys(dtypeBytes) as SafetensorsDtype[])),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
    })
    .map(({ dtype, shape }) => {
      const length = shape.reduce((product, size) => product * size, dtypeBytes[dtype])
      return { dtype, shape, bytes: Uint8Array.from({ length }, (_, i) => (i * 37 + length) % 256) }
    })

  it('is read back as it was written', () => {
    const names = fc.string().filter((name) => name !== '__metadata__' && name !== '__proto__')
    const metadata = fc.dictionary(fc.string(), fc.string()).map((all) => Object.fromEntries(Object.entries(all)))
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(names, tensor), { selector: ([name]) => name }),
        metadata,
        (entries, meta) => {
          const tensors = entries.map(([name, each]) => ({ name, ...each }))
          writeSafetensors(path, tensors, meta)
          const file = openSafetensors(path)
          try {
            expect(file.metadata).toEqual(meta)
            expect([...file.tensors.keys()].sort()).toEqual(tensors.map(({ name }) => name).sort())
            for (const { name, dtype, shape, bytes } of tensors) {
              const entry = file.tensors.get(name)!
              expect({ dtype: entry.dtype, shape: entry.shape }).toEqual({ dtype, shape })
              // Aligned to its own elements, for readers that map the file.
              expect(entry.offset % dtypeBytes[dtype]).toBe(0)
              const read = new Uint8Array(bytes.length)
              file.readInto(name, read)
              expect(read).toEqual(bytes)
            }
          } finally {
            file.close()
          }
        },
      ),
    )
  })

  it('is read in parts, within its tensor only', () => {
    writeSafetensors(path, [{ name: 'a', dtype: 'U8', shape: [5], bytes: () => Uint8Array.of(1, 2, 3, 4, 5) }])
    const file = openSafetensors(path)
    const two = new Uint8Array(2)
    file.readInto('a', two, 3)
    expect([...two]).toEqual([4, 5])
    expect(() => file.readInto('a', two, 4)).toThrow(/beyond the end of a/)
    expect(() => file.readInto('b', two)).toThrow(/no tensor b/)
    file.close()
  })

  it('is written whole or not at all', () => {
    const good = { name: 'a', dtype: 'U8', shape: [2], bytes: Uint8Array.of(1, 2) } as const
    writeSafetensors(path, [good])
    const before = readFileSync(path)
    const stop = (): never => {
      throw new Error('stop')
    }
    expect(() => writeSafetensors(path, [{ ...good, bytes: stop }])).toThrow('stop')
    expect(() => writeSafetensors(path, [{ ...good, bytes: Uint8Array.of(1) }])).toThrow(/1 bytes of its tensors/)
    expect(() => writeSafetensors(path, [{ ...good, bytes: new Uint8Array(3) }])).toThrow(/3 bytes for the tensor a/)
    expect(() => writeSafetensors(path, [good, good])).toThrow(/two tensors are called a/)
    expect(readFileSync(path)).toEqual(before)
    expect(readdirSync(scratch)).toEqual(['model.safetensors'])
  })
})

describe('a malformed safetensors file', () => {
  it.each<[string, () => void, RegExp]>([
    ['is empty', () => writeFileSync(path, ''), /0 bytes/],
    ['has an absurd header length', () => write('{}', 0, 2n ** 63n), /claims 9223372036854775808 bytes, more than/],
    ['has a header longer than the file', () => write('{}', 0, 1000n), /claims 1000 bytes, but 2 follow/],
    ['has a header that is no JSON', () => write('{"a":', 0), /not valid JSON/],
    ['has a header that is no object', () => write('[]', 0), /no JSON object/],
    ['names a tensor twice', () => write(`{"a":${JSON.stringify(f32([1], 0, 4))},"a":1}`, 4), /has the key "a" twice/],
    [
      'has an unknown dtype',
      () => write({ a: { ...f32([1], 0, 4), dtype: 'Q4' } }, 4),
      /tensor "a" has the unknown dtype/,
    ],
    ['has a negative size', () => write({ a: f32([-1], 0, 4) }, 4), /tensor "a" has the shape/],
    ['has offsets in reverse', () => write({ a: f32([1], 4, 0) }, 4), /tensor "a" has the offsets/],
    ['has offsets that do not fit the shape', () => write({ a: f32([2], 0, 4) }, 4), /tensor "a" takes 8 bytes/],
    ['has a shape that overflows', () => write({ a: f32([2 ** 52, 2 ** 52], 0, 4) }, 4), /tensor "a" takes/],
    ['has overlapping tensors', () => write({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8), /"b" overlaps/],
    ['has a hole', () => write({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12), /4 bytes before tensor "b"/],
    ['ends early', () => write({ a: f32([1024], 0, 4096) }, 4095), /"a" ends at byte .* \(truncated\?\)/],
    ['has bytes left over', () => write({ a: f32([1], 0, 4) }, 5), /1 bytes at its end/],
    ['has metadata that is no text', () => write({ __metadata__: { a: 1 } }, 0), /__metadata__/],
  ])('that %s is refused by name', (_, make, message) => {
    make()
    expect(opens).toThrow(UserError)
    expect(opens).toThrow(message)
    expect(opens).toThrow(path)
  })

  it('that shrank after it was opened is noticed', () => {
    writeSafetensors(path, [{ name: 'a', dtype: 'U8', shape: [100], bytes: new Uint8Array(100) }])
    const file = openSafetensors(path)
    truncateSync(path, 150)
    expect(() => file.readInto('a', new Uint8Array(100))).toThrow(/shortened while being read/)
    file.close()
  })

  it('with any bytes changed opens and can be read to its last byte, or is refused by a UserError', () => {
    writeSafetensors(
      path,
      ['a', 'b', 'c'].map((name) => ({ name, dtype: 'F32', shape: [2, 3], bytes: new Uint8Array(24) })),
      { format: 'pt' },
    )
    const whole = readFileSync(path)
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }))
    const digits = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0x2c, max: 0x3a }))
    fc.assert(
      fc.property(
        fc.array(fc.oneof(change, digits), { minLength: 1, maxLength: 4 }),
        fc.nat(whole.length),
        fc.boolean(),
        (changes, length, cut) => {
          const bytes = Buffer.from(whole)
          for (const [at, value] of changes) bytes[at] = value
          writeFileSync(path, cut ? bytes.subarray(0, length) : bytes)
          try {
            const file = openSafetensors(path)
            for (const [name, entry] of file.tensors) file.readInto(name, new Uint8Array(entry.bytes))
            file.close()
          } catch (error) {
            expect(error).toBeInstanceOf(UserError)
            expect((error as Error).message).toContain(path)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
