/** Routes of the runs themselves: the list, a run's curves, its settings, its control, and what differs between runs. */
import { topics } from '../../../train/metrics/catalogue.js'
import { compareParts } from '../compare-parts.js'
import { controlView } from '../control.js'
import { differences } from '../differences.js'
import { describeMetrics } from '../live-run.js'
import { type ApiContext, wholeNumber } from './context.js'

export function addRunRoutes({ app, runs, runOf }: ApiContext): void {
  app.get('/api/runs', (c) => c.json(runs().map((run) => run.summary())))
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
  app.get('/api/runs/:id/control', (c) => {
    const run = runOf(c.req.param('id'))
    return c.json(controlView({ metrics: run.lines(), config: run.config }))
  })
  app.get('/api/compare', (c) => {
    const chosen = (c.req.queries('run') ?? []).map(runOf)
    const named = chosen.map(({ source: { name, directory } }) => ({ name, directory }))
    return c.json({ differences: differences(chosen.map(({ config }) => config)), ...compareParts(named) })
  })
}
