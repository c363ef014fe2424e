/** Server-sent events: which runs have changed. */
import type { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'

export type Listener = (changed: string[]) => void

/** A line so often, so that a connection that is gone is noticed. Milliseconds. */
const signOfLife = 15_000

export function addEvents(app: Hono, listeners: Set<Listener>): void {
  app.get('/events', (c) =>
    streamSSE(c, async (stream) => {
      let wake: () => void = () => {}
      const changed = new Set<string>()
      const tell = (ids: string[]) => {
        for (const id of ids) changed.add(id)
        wake()
      }
      listeners.add(tell)
      stream.onAbort(() => {
        listeners.delete(tell)
        wake()
      })
      await stream.writeSSE({ event: 'ready', data: '{}' })
      while (!stream.aborted && !stream.closed) {
        if (changed.size === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve
            setTimeout(resolve, signOfLife).unref()
          })
        }
        if (stream.aborted) return
        await stream.writeSSE({ event: 'changed', data: JSON.stringify([...changed]) })
        changed.clear()
      }
    }),
  )
}
