/**
 * A download as people see it on standard error: one line that is redrawn in a terminal, a line now and then elsewhere.
 *
 *   LibTorch 2.15.0  [=========>                    ]  33 %  41.2 of 124.9 MB  11.3 MB/s  8 s left  libtorch_cpu.so
 */
import type { InstallProgress } from './install.js'

export interface ProgressStream {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
}

export interface ProgressDisplay {
  update(progress: InstallProgress): void
  /** Ends the display; `done` says that all of it arrived. */
  close(done: boolean): void
}

/** Milliseconds of any clock that never goes back. */
type Clock = () => number

/** The speed is that of the last seconds, so that it follows a connection that slows down. */
const SPEED_WINDOW = 8000
const TERMINAL_PAUSE = 100
const LOG_PAUSE = 10_000
const BAR = 30

/** Runs `work` and shows what it reports; where it reports nothing, nothing is written. */
export async function withProgress<T>(
  what: string,
  work: (onProgress: (progress: InstallProgress) => void) => Promise<T>,
  stream: ProgressStream = process.stderr,
): Promise<T> {
  const display = createProgressDisplay(what, stream)
  let done = false
  try {
    const result = await work((progress) => display.update(progress))
    done = true
    return result
  } finally {
    display.close(done)
  }
}

export function createProgressDisplay(
  what: string,
  stream: ProgressStream,
  now: Clock = () => performance.now(),
): ProgressDisplay {
  const terminal = stream.isTTY === true
  const speed = createSpeed()
  let last: InstallProgress | undefined
  let shownAt = Number.NEGATIVE_INFINITY
  return {
    update(progress) {
      const time = now()
      if (progress.stage === 'downloading') speed.add(time, progress.receivedBytes)
      else speed.reset()
      const changed = (progress.stage === 'waiting') !== (last?.stage === 'waiting') || !last
      last = progress
      if (!changed && time - shownAt < (terminal ? TERMINAL_PAUSE : LOG_PAUSE)) return
      shownAt = time
      const line = progressLine(what, progress, speed.bytesPerSecond(), terminal)
      stream.write(terminal ? `\r${line.slice(0, Math.max(20, (stream.columns || 80) - 1))}\x1b[K` : `${line}\n`)
    },
    close(done) {
      if (!last) return
      const end = done && last.totalBytes > 0 ? `${what}: ${megabytes(last.totalBytes)} MB received and verified\n` : ''
      stream.write(terminal ? `\r\x1b[K${end}` : end)
    },
  }
}

/** What stands on the line; bytes per second are undefined while nothing is known of the speed. */
export function progressLine(
  what: string,
  { stage, file, receivedBytes, totalBytes }: InstallProgress,
  bytesPerSecond: number | undefined,
  bar = true,
): string {
  if (stage === 'waiting') return `${what}: waiting for ${file}, which is fetching it`
  const share = totalBytes > 0 ? Math.min(1, receivedBytes / totalBytes) : 0
  const parts = [
    ...(bar ? [drawBar(share)] : []),
    `${Math.floor(share * 100)} %`,
    `${megabytes(receivedBytes)} of ${megabytes(totalBytes)} MB`,
  ]
  if (stage === 'unpacking') parts.push(`unpacking ${file}`)
  else {
    if (bytesPerSecond) {
      parts.push(`${megabytes(bytesPerSecond)} MB/s`, `${duration((totalBytes - receivedBytes) / bytesPerSecond)} left`)
    }
    parts.push(file)
  }
  return `${what}  ${parts.join('  ')}`
}

function drawBar(share: number): string {
  const full = Math.round(share * BAR)
  return `[${'='.repeat(Math.max(0, full - 1))}${full > 0 ? '>' : ''}${' '.repeat(BAR - full)}]`
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)

function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

function createSpeed() {
  const samples: { time: number; bytes: number }[] = []
  return {
    add(time: number, bytes: number) {
      // Bytes go back where a damaged download starts again.
      if (samples.length > 0 && bytes < samples[samples.length - 1].bytes) samples.length = 0
      samples.push({ time, bytes })
      while (samples.length > 2 && time - samples[0].time > SPEED_WINDOW) samples.shift()
    },
    /** What is not downloading says nothing of the connection. */
    reset() {
      samples.length = 0
    },
    bytesPerSecond(): number | undefined {
      const [first, last] = [samples[0], samples[samples.length - 1]]
      if (!first || last.time - first.time < 500) return undefined
      return (last.bytes - first.bytes) / ((last.time - first.time) / 1000)
    },
  }
}
