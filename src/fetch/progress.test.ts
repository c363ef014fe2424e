import { describe, expect, it } from 'vitest'
import { createProgressDisplay, progressLine, withProgress } from './progress.js'

const at = (receivedBytes: number, file = 'a.so') =>
  ({ stage: 'downloading', file, receivedBytes, totalBytes: 100e6 }) as const

function recorder(isTTY: boolean) {
  const stream = { text: '', isTTY, columns: 200, write: (text: string) => (stream.text += text) }
  return stream
}

describe('the progress of a download', () => {
  it('shows bytes, share, speed and the time left', () => {
    expect(progressLine('LibTorch', at(25e6), 5e6, false)).toBe(
      // 75 MB at 5 MB/s take 15 s.
      'LibTorch  25 %  25.0 of 100.0 MB  5.0 MB/s  15 s left  a.so',
    )
    expect(progressLine('LibTorch', at(50e6), 0.1e6)).toContain('[==============>               ]  50 %')
    // 50 MB at 0.1 MB/s: 500 s.
    expect(progressLine('LibTorch', at(50e6), 0.1e6)).toContain('8 min 20 s left')
    expect(progressLine('X', { stage: 'unpacking', file: 'a.so', receivedBytes: 5e6, totalBytes: 5e6 }, 1)).toContain(
      '100 %  5.0 of 5.0 MB  unpacking a.so',
    )
    const waiting = { stage: 'waiting', file: 'process 7 on host', receivedBytes: 0, totalBytes: 0 } as const
    expect(progressLine('X', waiting, undefined)).toBe('X: waiting for process 7 on host, which is fetching it')
  })

  it('redraws one line in a terminal and clears it at the end', () => {
    const stream = recorder(true)
    let time = 0
    const display = createProgressDisplay('X', stream, () => time)
    for (; time <= 2000; time += 50) display.update(at(time * 1e4))
    // From 0 to 2,000 ms, drawn at most every 100 ms; 10 kB a millisecond are 10 MB/s.
    expect(stream.text.split('\r').length - 1).toBe(21)
    expect(stream.text).toContain('10.0 MB/s')
    expect(stream.text).not.toContain('\n')
    display.close(true)
    expect(stream.text.endsWith('\r\x1b[KX: 100.0 MB received and verified\n')).toBe(true)
  })

  it('writes few lines elsewhere', () => {
    const stream = recorder(false)
    let time = 0
    const display = createProgressDisplay('X', stream, () => time)
    for (; time < 30_000; time += 100) display.update(at(time * 1e3))
    display.close(false)
    expect(stream.text.split('\n').length - 1).toBe(3)
    for (const control of ['\r', '\x1b', '[']) expect(stream.text).not.toContain(control)
  })

  it('is silent where nothing had to be done', async () => {
    const stream = recorder(true)
    expect(await withProgress('X', async () => 7, stream)).toBe(7)
    expect(stream.text).toBe('')
  })
})
