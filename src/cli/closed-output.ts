/**
 * What happens when the reader of stdout or stderr goes away (`| head`, a closed terminal). A command whose results go to
 * disk continues without it; one whose product is its output ends.
 */
import { exitCodes } from './errors.js'

/** A pipe or socket without a reader, and a terminal that has hung up. */
const gone = ['EPIPE', 'ECONNRESET', 'EIO']

let resultsOnDisk = false

/** Called by a command whose results go to disk before it writes anything. */
export function continueWithoutReader(): void {
  resultsOnDisk = true
}

/** Drops what is written from now on, and lets those continue who wait for the stream to drain. */
function mute(stream: NodeJS.WriteStream): void {
  stream.write = (_chunk: unknown, encoding?: unknown, done?: unknown) => {
    const callback = typeof encoding === 'function' ? encoding : done
    if (typeof callback === 'function') process.nextTick(callback)
    return true
  }
  stream.emit('drain')
}

/** Messages alone go to stderr, so that a command that loses only those continues whatever it does. */
export function surviveClosedOutput(exit: (code: number) => void = process.exit): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!gone.includes(error.code ?? '')) throw error
      if (stream === process.stdout && !resultsOnDisk) exit(exitCodes.done)
      mute(stream)
    })
  }
}
