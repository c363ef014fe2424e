/** `isentrope watch`: pages over run directories, live. Reads only; one poll a second serves every page that is open. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { UserError } from '../../base/errors.js'
import { defaultColumns } from '../../run/rollouts/columns.js'
import { Rollouts } from '../../run/rollouts/query.js'
import { runPaths } from '../../run/store/run-directory.js'
import { topics } from '../../train/metrics/catalogue.js'
import { differences } from './differences.js'
import { describeMetrics, LiveRun } from './live-run.js'
import { guard, newToken } from './security.js'
import { shell } from './shell.js'
import { findRuns } from './sources.js'
import { tokensOf } from './tokens.js'

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
/** Rows of one page of a table at most. */
const mostRows = 200
const querySeconds = 10
/** A table's columns, with the prompt before the completion. */
const pageColumns = defaultColumns.toSpliced(-1, 0, 'prompt')

export async function watchRuns({
  directories,
  port = 0,
  host = '127.0.0.1',
  decoderOf,
}: WatchOptions): Promise<Watch> {
  const token = newToken()
  const runs = new Map<string, LiveRun>()
  const listeners = new Set<(changed: string[]) => void>()
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

  app.get('/api/runs', (c) => c.json([...runs.values()].map((run) => run.summary())))
  app.get('/api/runs/:id', (c) => {
    const run = runOf(c.req.param('id'))
    const series = run.series(wholeNumber(c.req.query('from')))
    return c.json({
      run: run.summary(),
      series,
      evaluations: run.evaluations(),
      warnings: run.warnings(),
      concerns: run.concerns(),
      metrics: describeMetrics(Object.keys(series.columns)),
      topics: topics.map(({ title, metrics }) => ({ title, keys: Object.keys(metrics) })),
    })
  })
  app.get('/api/runs/:id/config', (c) => c.text(runOf(c.req.param('id')).configText))
  app.get('/api/compare', (c) => {
    const chosen = (c.req.queries('run') ?? []).map(runOf)
    return c.json({ differences: differences(chosen.map(({ config }) => config)) })
  })
  app.get('/api/runs/:id/rollouts', async (c) => {
    const { directory } = runOf(c.req.param('id')).source
    const { where, order, group } = c.req.query()
    const rollouts = await Rollouts.open(directory)
    const limits = { timeout: querySeconds, signal: c.req.raw.signal }
    try {
      const select = pageColumns.filter((name) => rollouts.columns.includes(name)).join(', ')
      const page = {
        select,
        ...(where ? { where } : {}),
        ...(order ? { order } : {}),
        limit: Math.min(mostRows, wholeNumber(c.req.query('limit'), 50)),
        offset: wholeNumber(c.req.query('offset')),
      }
      if (group) throw new UserError('group: is not taken here')
      const rows = []
      for await (const batch of rollouts.query(page, limits)) rows.push(...batch)
      return c.json({ count: await rollouts.count(page.where, limits), columns: rollouts.columns, rows })
    } finally {
      rollouts.close()
    }
  })
  app.get('/api/runs/:id/completion', async (c) => {
    const run = runOf(c.req.param('id'))
    const step = wholeNumber(c.req.query('step'))
    const sample = wholeNumber(c.req.query('sample'))
    const prompt = c.req.query('prompt') ?? ''
    const decode = await decoder(run)
    const found = await tokensOf(run.source.directory, { step, prompt, sample }, decode)
    if (found === undefined) throw new NotFound('there is no such completion')
    return c.json(found)
  })
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
          // A line now and then, so that a connection that is gone is noticed.
          await new Promise<void>((resolve) => {
            wake = resolve
            setTimeout(resolve, 15_000).unref()
          })
        }
        if (stream.aborted) return
        await stream.writeSSE({ event: 'changed', data: JSON.stringify([...changed]) })
        changed.clear()
      }
    }),
  )
  for (const [path, asset] of Object.entries(assets())) {
    app.get(path, (c) => c.body(asset.text, 200, { 'Content-Type': asset.type }))
  }
  for (const path of ['/', '/compare', '/run/:id', '/run/:id/rollouts', '/run/:id/tokens']) {
    app.get(path, (c) => c.html(shell()))
  }
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
    close: () =>
      new Promise((resolve) => {
        clearInterval(timer)
        if ('closeAllConnections' in server) server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

class NotFound extends Error {}

function wholeNumber(text: string | undefined, fallback = 0): number {
  const value = Number(text ?? fallback)
  return Number.isSafeInteger(value) && value >= 0 ? value : fallback
}

const require = createRequire(import.meta.url)

function assets(): Record<string, { text: string; type: string }> {
  const own = (name: string) => readFileSync(new URL(`assets/${name}`, import.meta.url), 'utf8')
  const shared = (name: string) => readFileSync(new URL(`../html/assets/${name}`, import.meta.url), 'utf8')
  const library = (name: string) => readFileSync(require.resolve(`uplot/dist/${name}`), 'utf8')
  const css = 'text/css; charset=utf-8'
  const js = 'text/javascript; charset=utf-8'
  const style = [
    library('uPlot.min.css'),
    ...['page.css', 'figures.css', 'tokens.css', 'media.css'].map(shared),
    own('live.css'),
  ]
  return {
    '/assets/style.css': { text: style.join('\n'), type: css },
    '/assets/uplot.js': { text: library('uPlot.iife.min.js'), type: js },
    '/assets/common.js': { text: shared('common.js'), type: js },
    ...Object.fromEntries(
      ['app.js', 'page.js', 'runs.js', 'curves.js', 'curve.js', 'series.js', 'rollouts.js', 'tokens.js'].map((name) => [
        `/assets/${name}`,
        { text: own(name), type: js },
      ]),
    ),
  }
}
