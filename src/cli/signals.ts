import { exitCodes } from './errors.js'
import type { Io } from './io.js'

/**
 * The first signal asks the run to stop at a safe point, the second ends the process. Returns the way to let go.
 * `beside` makes room on the terminal for the words.
 */
export function stopOnSignals(
  stop: AbortController,
  io: Io,
  words = 'stopping at the next safe point, with a checkpoint',
  beside: (write: () => void) => void = (write) => write(),
): () => void {
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(exitCodes.interrupted)
    stop.abort()
    beside(() => void io.stderr.write(`\n${words}; once more to stop at once\n`))
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  return () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
}
