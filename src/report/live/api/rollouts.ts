/** Routes of a run's completions, by SQL. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import type { Context } from 'hono'
import type { Rollouts } from '../../../run/rollouts/query.js'
import { runPaths } from '../../../run/store/run-directory.js'
import type { LiveRun } from '../live-run.js'
import { type ApiContext, querySeconds, wholeNumber } from './context.js'

/** Rows of one page of a table at most. */
const mostRows = 200
/** A table's columns: what was said stands before the numbers that say how. */
const pageColumns = [
  'step',
  'prompt_id',
  'sample',
  'completion',
  'reward',
  'correct',
  'finish',
  'length',
  'mean_entropy',
  'masked',
  'masked_share',
  'prompt',
]
/** What the cards of a group show. */
const groupColumns = [
  'step',
  'prompt_id',
  'sample',
  'prompt',
  'completion',
  'answer',
  'reward',
  'correct',
  'advantage',
  'finish',
  'length',
  'mean_entropy',
  'masked',
  'tokens',
  's',
  'expected_s',
  'grad_mask',
]
/** Completions of a group that are shown. */
const mostOfGroup = 64

/** Changes when a file is written, replaced, or removed. */
function versionOf({ source }: LiveRun): string {
  const { rollouts } = runPaths(source.directory)
  if (!existsSync(rollouts)) return ''
  return `${readdirSync(rollouts).length} ${statSync(rollouts).mtimeMs}`
}

export function addRolloutRoutes({ app, runOf, decoder, rollouts: desk }: ApiContext): void {
  const ask = <T>(run: LiveRun, work: (rollouts: Rollouts) => Promise<T>) =>
    desk.ask(run.source.directory, versionOf(run), work)
  const limitsOf = (c: Context) => ({ timeout: querySeconds, signal: c.req.raw.signal })

  app.get('/api/runs/:id/rollouts', (c) =>
    ask(runOf(c.req.param('id')), async (rollouts) => {
      const { where, order, count } = c.req.query()
      const rows = await rollouts.page(
        {
          select: pageColumns.filter((name) => rollouts.columns.includes(name)).join(', '),
          ...(where ? { where } : {}),
          ...(order ? { order } : {}),
          limit: Math.min(mostRows, wholeNumber(c.req.query('limit'), 50)),
          offset: wholeNumber(c.req.query('offset')),
        },
        limitsOf(c),
      )
      const counted = count === 'no' ? {} : { count: await rollouts.count(where || undefined, limitsOf(c)) }
      return c.json({ ...counted, columns: rollouts.columns, rows })
    }),
  )

  app.get('/api/runs/:id/rollouts/count', (c) =>
    ask(runOf(c.req.param('id')), async (rollouts) =>
      c.json({ count: await rollouts.count(c.req.query('where') || undefined, limitsOf(c)) }),
    ),
  )

  app.get('/api/runs/:id/group', async (c) => {
    const run = runOf(c.req.param('id'))
    const prompt = `prompt_id = '${(c.req.query('prompt') ?? '').replaceAll("'", "''")}'`
    const step = wholeNumber(c.req.query('step'))
    const found = await ask(run, async (rollouts) => {
      const select = groupColumns.filter((name) => rollouts.columns.includes(name)).join(', ')
      const where = `step = ${step} AND ${prompt}`
      const rows = await rollouts.page({ select, where, order: 'sample', limit: mostOfGroup }, limitsOf(c))
      const steps = []
      const others = rollouts.query({ select: 'step', where: prompt, group: 'step', order: 'step' }, limitsOf(c))
      for await (const batch of others) steps.push(...batch.map((row) => row.step))
      return { rows, steps }
    })
    const decode = await decoder(run)
    const rows = found.rows.map((row) => ({
      ...row,
      texts: (row.tokens as number[]).map((id) => decode?.(id) ?? String(id)),
    }))
    return c.json({ rows, steps: found.steps })
  })
}
