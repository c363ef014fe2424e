import { describe, expect, it } from 'vitest'
import { crc32c, eventFileHeader, scalarsRecord, tensorboard } from './tensorboard.js'
import type { LoggedEvaluation, LoggedStep } from './tracker.js'

describe('crc32c', () => {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogue for "123456789".
  it.each([
    ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 bytes ascending', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['123456789', new TextEncoder().encode('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ])('%s', (_, data, expected) => {
    expect(crc32c(data)).toBe(expected)
  })
})

describe('event files', () => {
  // Made by tensorboard 2.21.0: RecordWriter over Event(wall_time=1700000000.25, file_version="brain.Event:2") and
  // Event(wall_time=1700000001.5, step=300, summary=Summary(value=[Value(tag="train/reward_mean", simple_value=0.375)])).
  const golden = {
    header: '1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9',
    scalars:
      '2800000000000000ff70164a0900006040fc54d94110ac022a1a0a180a11747261696e2f7265776172645f6d65616e150000c03e51d7b1b2',
  }

  it('begin as TensorBoard begins them', () => {
    expect(eventFileHeader(1700000000.25).toString('hex')).toBe(golden.header)
  })

  it('hold a meaning as TensorBoard writes it', () => {
    // Value(tag="train/loss", simple_value=-0.5) with metadata: plugin_name "scalars", data_class DATA_CLASS_SCALAR, and
    // summary_description="The negative objective.", by the same library.
    const record =
      '490000000000000036250ea30900006040fc54d94110ac022a3b0a390a0a747261696e2f6c6f737315000000bf4a260a090a077363616c6172731a17546865206e65676174697665206f626a6563746976652e2001211fed86'
    const meanings = { 'train/loss': 'The negative objective.' }
    expect(scalarsRecord(300, 1700000001.5, { 'train/loss': -0.5 }, meanings).toString('hex')).toBe(record)
  })

  it('say what a tag means at its first value', async () => {
    const written: Buffer[] = []
    const keep = (_: string, data: string | Uint8Array) => written.push(Buffer.from(data))
    const open = await tensorboard.open(
      {},
      {
        directory: 'run',
        files: { makeDirectory: () => {}, remove: () => {}, write: keep, append: keep },
        past: { steps: [], evaluations: [] },
        recipe: {},
        describe: (part, key) => (key === 'loss' ? { title: 'Loss', caption: `Of ${part}.`, unit: 'nats' } : undefined),
        warn: () => {},
      },
    )
    open.step({ step: 1, time: '2026-01-01T00:00:00Z', loss: 2, other: 3 } as LoggedStep)
    open.step({ step: 2, time: '2026-01-01T00:00:01Z', loss: 1 } as LoggedStep)
    open.evaluation({ step: 2, loss: 1 } as LoggedEvaluation)
    const texts = written.map((bytes) => bytes.toString('latin1'))
    const found = texts.map((text) => /Of (train|eval)\. Unit: nats\./.exec(text)?.[1])
    expect(found).toEqual([undefined, 'train', undefined, 'eval'])
    expect(texts[1]).toContain('train/other')
  })

  it('hold scalars as TensorBoard writes them', () => {
    expect(scalarsRecord(300, 1700000001.5, { 'train/reward_mean': 0.375 }).toString('hex')).toBe(golden.scalars)
  })
})
