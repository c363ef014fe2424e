/**
 * The open rollouts of the runs that pages ask about. Opening a run of a thousand steps reads a thousand files' footers, so a
 * run stays open for a while after a question. Questions to one run are answered one after the other.
 */
import { Rollouts } from '../../run/rollouts/query.js'

/** Milliseconds without a question after which a run is closed. */
const idleMilliseconds = 30_000
/** Runs that are open at once at most: each may hold the memory of a query. */
const mostOpen = 3

interface OpenRun {
  rollouts: Promise<Rollouts>
  /** What it was opened of: a run that has other files by now is opened again. */
  version: string
  queue: Promise<unknown>
  idle?: NodeJS.Timeout
}

export class RolloutsDesk {
  readonly #open = new Map<string, OpenRun>()

  /** `version`: changes with the run's files. */
  async ask<T>(directory: string, version: string, work: (rollouts: Rollouts) => Promise<T>): Promise<T> {
    const run = this.#runOf(directory, version)
    clearTimeout(run.idle)
    const answer = run.queue.then(async () => work(await run.rollouts))
    run.queue = answer.catch(() => {})
    try {
      return await answer
    } finally {
      clearTimeout(run.idle)
      run.idle = setTimeout(() => this.#close(directory, run), idleMilliseconds).unref()
    }
  }

  #runOf(directory: string, version: string): OpenRun {
    const known = this.#open.get(directory)
    if (known?.version === version) {
      // The latest question last, so that the first of the map is the oldest.
      this.#open.delete(directory)
      this.#open.set(directory, known)
      return known
    }
    if (known !== undefined) this.#close(directory, known)
    const run: OpenRun = { rollouts: Rollouts.open(directory), version, queue: Promise.resolve() }
    this.#open.set(directory, run)
    run.rollouts.catch(() => this.#open.get(directory) === run && this.#open.delete(directory))
    for (const [other, old] of [...this.#open].slice(0, -mostOpen)) this.#close(other, old)
    return run
  }

  /** After the questions that are under way. */
  #close(directory: string, run: OpenRun): void {
    if (this.#open.get(directory) === run) this.#open.delete(directory)
    clearTimeout(run.idle)
    void run.queue.then(async () => (await run.rollouts).close()).catch(() => {})
  }

  close(): void {
    for (const [directory, run] of this.#open) this.#close(directory, run)
  }
}
