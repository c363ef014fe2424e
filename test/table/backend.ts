/**
 * A backend in plain TypeScript, in this process: a table of logits (policy.ts). It stands for engines other than the
 * local one in tests, and its updates are an independent truth, since every gradient is known in closed form.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { UserError } from '../../src/base/errors.js'
import { rngFrom, uniform } from '../../src/base/philox.js'
import type { Completion, SamplePrompt, SamplingOptions } from '../../src/rollout/types.js'
import { requireDeclared } from '../../src/train/asked-terms.js'
import type { ExactBackend, ScoreGroup } from '../../src/train/backend.js'
import { allCapabilities, type BackendCapabilities } from '../../src/train/capabilities.js'
import { characterText } from '../character-text.js'
import { TableCritic } from './critic.js'
import { Parameters, rowOf, statisticsOf } from './policy.js'
import { updateTable } from './update.js'

export const tableCharacters = 'abcdefghijklmnopqrs 0123456789?WhatisA:'

export const tableCapabilities: BackendCapabilities = {
  ...allCapabilities,
  trains: ['weights'],
  adapter: [],
  sampling: { ...allCapabilities.sampling, settings: ['temperature', 'stopStrings'] },
}

interface Saved {
  policy: Parameters
  critic?: Parameters
}

export interface TableOptions {
  seed?: number
  signal?: AbortSignal
  /** What it can do; by default all but an adapter. */
  capabilities?: BackendCapabilities
}

export function openTable(options: TableOptions = {}): ExactBackend {
  const { seed = 0, signal, capabilities = tableCapabilities } = options
  const characters = [...new Set(tableCharacters)].join('')
  const model = characterText(characters)
  const V = characters.length + 1
  const random = rngFrom(seed, 0x7461626c)
  let policy = new Parameters(Array.from({ length: V * V }, () => 4 * (random() - 0.5)))
  let reference: Parameters | undefined
  let closed = false
  const cancelled = () => signal?.aborted === true
  const critic = new TableCritic(V, cancelled)

  const requireOpen = () => {
    if (closed) throw new Error('the table has been closed')
  }
  const requireIds = (...ids: ArrayLike<number>[]) => {
    for (const list of ids) {
      const wrong = Array.from(list).find((id) => !Number.isInteger(id) || id < 0 || id >= V)
      if (wrong !== undefined) throw new RangeError(`token ${wrong} is outside the vocabulary of ${V} ids`)
    }
  }

  function draw(options: SamplingOptions, { key, tokens: prompt, maxNewTokens }: SamplePrompt, sample: number) {
    const tokens: number[] = []
    const most = Math.min(maxNewTokens ?? options.maxNewTokens, options.maxNewTokens)
    while (tokens.length < most && !cancelled()) {
      const { p } = rowOf(policy, V, tokens.at(-1) ?? prompt[prompt.length - 1], options.temperature)
      let left = uniform(options.seed, options.step, key, sample, tokens.length)
      let token = 0
      while (token < V - 1 && left >= p[token]) left -= p[token++]
      tokens.push(token)
      const text = model.tokenizer.decode(tokens)
      const stops = options.stopTokens.includes(token) || options.stopStrings.some((stop) => text.includes(stop))
      if (stops) return { tokens, finish: 'stop' as const }
    }
    return { tokens, finish: 'length' as const }
  }

  return {
    info: {
      model: 'table',
      parameters: V * V,
      vocabSize: V,
      device: 'cpu',
      dtype: 'float64',
      engine: 'table 1',
      threads: 1,
    },
    capabilities,
    model,
    async sample(prompts, options, onProgress) {
      requireOpen()
      if (options.topP < 1 || options.topK > 0 || options.minP > 0) {
        throw new UserError('a table samples from the whole distribution')
      }
      const began = performance.now()
      const completions: Completion[] = []
      let done = 0
      for (const [prompt, asked] of prompts.entries()) {
        if (asked.tokens.length === 0) throw new UserError(`prompt ${prompt} has no tokens`)
        requireIds(asked.tokens)
        for (let sample = 0; sample < options.samplesPerPrompt; sample++) {
          const { tokens, finish } = draw(options, asked, sample)
          done += tokens.length
          const row = (after: number) => rowOf(policy, V, after, options.temperature)
          const { top: _, ...statistics } = statisticsOf(row, asked.tokens, tokens)
          completions.push({ prompt, sample, tokens: Int32Array.from(tokens), finish, ...statistics })
          onProgress?.({ tokens: done, completions: completions.length })
          await breathe()
        }
      }
      return {
        completions,
        statistics: {
          promptTokens: prompts.reduce((sum, { tokens }) => sum + tokens.length, 0),
          completionTokens: done,
          seconds: (performance.now() - began) / 1000,
        },
      }
    },
    async score(groups: ScoreGroup[], { temperature, model: which = 'policy' }) {
      requireOpen()
      const scored = which === 'policy' ? policy : reference
      if (!scored) throw new Error('no reference has been frozen')
      return groups.map(({ prompt, completions }) => {
        requireIds(prompt, ...completions)
        return completions.map((tokens) =>
          statisticsOf((after) => rowOf(scored, V, after, temperature), prompt, tokens),
        )
      })
    },
    async update(groups, options) {
      requireOpen()
      requireDeclared(capabilities, groups, options)
      return updateTable(policy, V, groups, options, cancelled())
    },
    async freezeReference() {
      if (!capabilities.reference) throw new UserError('this table keeps no reference')
      reference = policy.copy()
    },
    ...(capabilities.terms.includes('critic') ? { critic } : {}),
    async save(directory, { optimizer }) {
      mkdirSync(directory, { recursive: true })
      writeFileSync(join(directory, 'table.json'), JSON.stringify(policy.values))
      const state: Saved = { policy, ...(critic.values_ ? { critic: critic.values_ } : {}) }
      if (optimizer) writeFileSync(join(dirname(directory), 'optimizer.json'), JSON.stringify(state))
    },
    async load(directory, { optimizer }) {
      const read = (file: string) => {
        try {
          return JSON.parse(readFileSync(file, 'utf8'))
        } catch (cause) {
          throw new UserError(`${file} cannot be read: ${(cause as Error).message}`, { cause })
        }
      }
      const values = read(join(directory, 'table.json'))
      const state: Saved | undefined = optimizer ? read(join(dirname(directory), 'optimizer.json')) : undefined
      policy = Object.assign(new Parameters([]), state?.policy ?? new Parameters(values))
      if (state?.critic) critic.values_ = Object.assign(new Parameters([]), state.critic)
    },
    async close() {
      closed = true
    },
  }
}
