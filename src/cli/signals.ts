import { exitCodes } from './errors.js'
import type { Io } from './io.js'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * The first signal asks the run to stop at a safe point, a second one ends the process. SIGHUP does not count as a second
 * one: a closed terminal may send several, and a service manager sends it after SIGTERM. Returns the way to let go.
 * `beside` makes room on the terminal for the words.
 */
export function stopOnSignals(
  stop: AbortController,
  io: Io,
  words = 'stopping at the next safe point, with a checkpoint',
  beside: (write: () => void) => void = (write) => write(),
): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) {
      if (signal === 'SIGHUP') return
      process.exit(exitCodes.interrupted)
    }
    stop.abort()
    beside(() => void io.stderr.write(`\n${words}; once more to stop at once\n`))
  }
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
}
