/** Reports of a running call as an async iterable that ends with it. */
export class Progress {
  #latest: number | undefined
  #reported = 0
  #wake: (() => void) | undefined

  report(done: number): void {
    this.#latest = done
    this.#reported = done
    this.#wake?.()
  }

  /** Reports the same once more: there is something else to tell. */
  again(): void {
    this.report(this.#reported)
  }

  async *until(call: Promise<unknown>): AsyncGenerator<number> {
    let running = true
    const ended = call.then(
      () => {
        running = false
      },
      () => {
        running = false
      },
    )
    while (running) {
      await Promise.race([ended, new Promise<void>((resolve) => (this.#wake = resolve))])
      if (this.#latest !== undefined && running) {
        const done = this.#latest
        this.#latest = undefined
        yield done
      }
    }
  }
}
