/** `isentrope watch`: pages over run directories, live. Reads only; one poll a second serves every page that is open. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { UserError } from '../../base/errors.js'
import { runPaths } from '../../run/store/run-directory.js'
import { AlternativesDesk } from './alternatives.js'
import { NotFound } from './api/context.js'
import { addEvents, type Listener } from './api/events.js'
import { addRolloutRoutes } from './api/rollouts.js'
import { addRunRoutes } from './api/runs.js'
import { addTokenRoutes } from './api/tokens.js'
import { LiveRun } from './live-run.js'
import { addPages } from './pages.js'
import { RolloutsDesk } from './rollouts-desk.js'
import { guard, newToken } from './security.js'
import { findRuns } from './sources.js'

export interface WatchOptions {
  /** Run directories, or directories of them; missing ones are awaited. */
  directories: readonly string[]
  /** Default: 0, any free one. */
  port?: number
  /** Default: 127.0.0.1. */
  host?: string
  /** The text of a model's tokens; absent: ids stand for them. */
  decoderOf?: (model: string) => Promise<((id: number) => string) | undefined>
}

export interface Watch {
  /** With its token. */
  url: string
  port: number
  close(): Promise<void>
}

const pollEvery = 1000

export async function watchRuns({
  directories,
  port = 0,
  host = '127.0.0.1',
  decoderOf,
}: WatchOptions): Promise<Watch> {
  const token = newToken()
  const runs = new Map<string, LiveRun>()
  const listeners = new Set<Listener>()
  let bound = port

  const poll = () => {
    const found = findRuns(directories)
    const known = new Set(found.map(({ id }) => id))
    const changed = [...runs.keys()].filter((id) => !known.has(id))
    for (const id of changed) runs.delete(id)
    for (const source of found) {
      const run = runs.get(source.id) ?? new LiveRun(source)
      runs.set(source.id, run)
      if (run.poll()) changed.push(source.id)
    }
    if (changed.length > 0) for (const tell of listeners) tell(changed)
  }
  poll()
  const timer = setInterval(poll, pollEvery)

  const names =
    host === '127.0.0.1' || host === 'localhost'
      ? ['127.0.0.1', 'localhost', '[::1]']
      : [host, '127.0.0.1', 'localhost']
  const app = new Hono()
  app.use('*', guard({ token, hosts: () => names.map((name) => `${name}:${bound}`) }))

  const runOf = (id: string): LiveRun => {
    const run = runs.get(id)
    if (run === undefined) throw new NotFound('there is no such run here')
    return run
  }

  /** By the run's model; where that is gone, or named from another directory, by a checkpoint's. */
  async function decoder(run: LiveRun): Promise<((id: number) => string) | undefined> {
    const { checkpoints } = runPaths(run.source.directory)
    const saved = existsSync(checkpoints) ? readdirSync(checkpoints).filter((name) => /^step-\d+$/.test(name)) : []
    const candidates = [
      ...saved
        .sort()
        .reverse()
        .map((name) => join(checkpoints, name, 'model')),
      String(run.setting('model')),
    ]
    for (const candidate of candidates) {
      const found = await decoderOf?.(candidate).catch(() => undefined)
      if (found !== undefined) return found
    }
    return undefined
  }

  const alternatives = new AlternativesDesk()
  const rollouts = new RolloutsDesk()
  const context = { app, runs: () => [...runs.values()], runOf, decoder, alternatives, rollouts }
  addRunRoutes(context)
  addRolloutRoutes(context)
  addTokenRoutes(context)
  addEvents(app, listeners)
  addPages(app)
  app.notFound((c) => c.json({ error: 'there is no such page' }, 404))
  app.onError((error, c) => {
    if (error instanceof NotFound) return c.json({ error: error.message }, 404)
    if (error instanceof UserError) return c.json({ error: error.message, hint: error.hint }, 400)
    return c.json({ error: error.message }, 500)
  })

  const server = await new Promise<ReturnType<typeof serve>>((resolve, reject) => {
    const started = serve({ fetch: app.fetch, port, hostname: host }, (info) => {
      bound = info.port
      resolve(started)
    })
    started.on('error', reject)
  }).catch((cause: NodeJS.ErrnoException) => {
    clearInterval(timer)
    throw new UserError(
      `cannot listen on ${host}:${port}: ${cause.code === 'EADDRINUSE' ? 'the port is taken' : cause.message}`,
      {
        hint: 'choose another --port; 0 takes any free one',
        cause,
      },
    )
  })
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return {
    url: `http://${shown.includes(':') ? `[${shown}]` : shown}:${bound}/?token=${token}`,
    port: bound,
    close: async () => {
      await alternatives.close()
      rollouts.close()
      await new Promise<void>((resolve) => {
        clearInterval(timer)
        if ('closeAllConnections' in server) server.closeAllConnections()
        server.close(() => resolve())
      })
    },
  }
}
