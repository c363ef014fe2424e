/** Routes of a run's completions, by SQL. */
import { defaultColumns } from '../../../run/rollouts/columns.js'
import { Rollouts } from '../../../run/rollouts/query.js'
import { type ApiContext, querySeconds, wholeNumber } from './context.js'

/** Rows of one page of a table at most. */
const mostRows = 200
/** A table's columns, with the prompt before the completion. */
const pageColumns = defaultColumns.toSpliced(-1, 0, 'prompt')

export function addRolloutRoutes({ app, runOf }: ApiContext): void {
  app.get('/api/runs/:id/rollouts', async (c) => {
    const { directory } = runOf(c.req.param('id')).source
    const { where, order } = c.req.query()
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
      const rows = []
      for await (const batch of rollouts.query(page, limits)) rows.push(...batch)
      return c.json({ count: await rollouts.count(page.where, limits), columns: rollouts.columns, rows })
    } finally {
      rollouts.close()
    }
  })
}
