/** Routes of single completions and of the tokens of a step. */

import { policyOf } from '../alternatives.js'
import type { LiveRun } from '../live-run.js'
import { distributionOf, isMeasure, type ScoreConfig, tokensInBin } from '../scores.js'
import { tokensOf } from '../tokens.js'
import { type ApiContext, NotFound, querySeconds, wholeNumber } from './context.js'

export function addTokenRoutes({ app, runOf, decoder, alternatives }: ApiContext): void {
  const completionOf = (run: LiveRun, query: Record<string, string>) => ({
    directory: run.source.directory,
    step: wholeNumber(query.step),
    sample: wholeNumber(query.sample),
    prompt: query.prompt ?? '',
  })

  app.get('/api/runs/:id/completion', async (c) => {
    const run = runOf(c.req.param('id'))
    const { directory, ...name } = completionOf(run, c.req.query())
    const found = await tokensOf(directory, name, await decoder(run))
    if (found === undefined) throw new NotFound('there is no such completion')
    return c.json(found)
  })

  app.get('/api/runs/:id/alternatives', async (c) => {
    const run = runOf(c.req.param('id'))
    const { directory, ...name } = completionOf(run, c.req.query())
    const found = await tokensOf(directory, name, undefined)
    if (found === undefined) throw new NotFound('there is no such completion')
    const at = wholeNumber(c.req.query('at'))
    const completion = found.row.tokens as number[]
    if (at >= completion.length) throw new NotFound(`the completion has ${completion.length} tokens`)
    const prompt = found.row.prompt_tokens as number[] | undefined
    if (prompt === undefined) throw new NotFound('this run’s rollouts hold no prompt tokens, which alternatives need')
    const policy = policyOf(directory, name.step, run.setting('model'))
    const temperature = run.setting('rollout.temperature')
    const question = { policy, prompt, completion, temperature: typeof temperature === 'number' ? temperature : 1 }
    const tokens = await alternatives.at(question, at)
    return c.json({ policy: policy.name, exact: policy.exact, tokens })
  })

  app.get('/api/runs/:id/scores', async (c) => {
    const run = runOf(c.req.param('id'))
    const { step, by } = c.req.query()
    const measure = isMeasure(by) ? by : 'sc'
    const limits = { signal: c.req.raw.signal, timeout: querySeconds }
    const found = await distributionOf(
      run.source.directory,
      { step: wholeNumber(step), by: measure },
      scoreConfig(run),
      limits,
    )
    if (found === undefined) throw new NotFound('there is no such step')
    return c.json(found)
  })

  app.get('/api/runs/:id/scores/tokens', async (c) => {
    const run = runOf(c.req.param('id'))
    const { step, by, low, high, bin } = c.req.query()
    const chosen = {
      step: wholeNumber(step),
      by: isMeasure(by) ? by : 'sc',
      low: Number(low),
      high: Number(high),
      bin: wholeNumber(bin),
    } as const
    const limits = { signal: c.req.raw.signal, timeout: querySeconds }
    const { count, tokens } = await tokensInBin(run.source.directory, chosen, limits)
    const decode = await decoder(run)
    return c.json({
      count,
      tokens: tokens.map((token) => ({ ...token, text: decode?.(token.id) ?? String(token.id) })),
    })
  })
}

function scoreConfig(run: LiveRun): ScoreConfig {
  const updates = run.setting('train.updatesPerBatch')
  return {
    method: [run.setting('entropy.method')].flat().map(String),
    entropy: (run.config.entropy ?? {}) as Record<string, unknown>,
    hasTarget: run.setting('entropy.target') !== undefined,
    updatesPerBatch: typeof updates === 'number' ? updates : 1,
    maskTruncated: run.setting('algorithm.maskTruncated') === true,
  }
}
