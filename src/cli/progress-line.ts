/** One line that is written over on a terminal; elsewhere a new line at times, so that a log stays readable. */
import { oneLine, plainText } from '../report/terminal/text.js'
import type { Io } from './io.js'

export interface ProgressLine {
  show(text: string): void
  close(): void
}

/** Milliseconds between lines. */
const intervals = { terminal: 100, log: 15_000 }

export function progressLine(stream: Io['stderr'], now: () => number = () => performance.now()): ProgressLine {
  const terminal = stream.isTTY === true
  let last = terminal ? Number.NEGATIVE_INFINITY : now()
  let shown = ''
  let latest = ''
  const write = (text: string) => {
    shown = text
    last = now()
    stream.write(terminal ? `\r\x1b[2K${oneLine(text, (stream.columns ?? 80) - 1)}` : `${plainText(text)}\n`)
  }
  return {
    show(text) {
      latest = text
      if (now() - last >= (terminal ? intervals.terminal : intervals.log)) write(text)
    },
    close() {
      if (latest !== '' && latest !== shown) write(latest)
      if (terminal && shown !== '') stream.write('\n')
      latest = ''
      shown = ''
    },
  }
}
