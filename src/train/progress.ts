/** Reports of a running call as an async iterable that ends with it. */
export class Progress {
  #latest: number | undefined
  #wake: (() => void) | undefined

  report(done: number): void {
    this.#latest = done
    this.#wake?.()
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
