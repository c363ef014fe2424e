/**
 * The work's result; undefined where the run's signal ended it. What fails after the signal (a request cut off, a server that
 * is stopped too) is the end that was asked for, not a failure of the run.
 */
export async function untilStopped<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T | undefined> {
  try {
    const result = await work
    return signal?.aborted ? undefined : result
  } catch (error) {
    if (signal?.aborted) return undefined
    throw error
  }
}
