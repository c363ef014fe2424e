import { describe, expect, it } from 'vitest'
import { crc32c, eventFileHeader, scalarsRecord } from './tensorboard.js'

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

  it('hold scalars as TensorBoard writes them', () => {
    expect(scalarsRecord(300, 1700000001.5, { 'train/reward_mean': 0.375 }).toString('hex')).toBe(golden.scalars)
  })
})
