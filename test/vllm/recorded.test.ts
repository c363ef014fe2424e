/** The fake server against what a real one answered (scripts/record-vllm.ts): the same statuses, shapes, and words. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Exchange } from '../../scripts/record-vllm.js'
import { completionOf, completionRequest } from '../../src/rollout/vllm/completions.js'
import { RequestProblem } from '../../src/rollout/vllm/http.js'
import { probeRequest, probeResult } from '../../src/rollout/vllm/probe.js'
import { errorDetail } from '../../src/rollout/vllm/replies.js'
import { samplingOptions } from '../contracts/backend.js'
import { openTable } from '../table/backend.js'
import { startFake } from './fake-sampler.js'
import type { FakeVllm } from './fake-server.js'

const recording = (name: string): Exchange[] =>
  JSON.parse(readFileSync(new URL(`../fixtures/vllm/${name}.json`, import.meta.url), 'utf8'))

const root = mkdtempSync(join(tmpdir(), 'recorded-'))
afterAll(() => rmSync(root, { recursive: true }))

/** What stands for the recorded server's files and ids at the fake one. */
function atTheFake(body: Record<string, unknown>, end: number, written: string): Record<string, unknown> {
  const text = JSON.stringify(body)
    .replaceAll('"smollm2"', '"table"')
    .replaceAll('"/model"', JSON.stringify(join(root, 'model')))
    .replaceAll('/adapters/', `${root}/`)
  const asked = JSON.parse(text) as Record<string, unknown>
  if (Array.isArray(asked.prompt)) asked.prompt = asked.prompt.map((id) => (id > 0 && id < 1e6 ? id % 30 : id))
  if (Array.isArray(asked.stop_token_ids)) asked.stop_token_ids = asked.stop_token_ids.map(() => end)
  if (Array.isArray(asked.stop)) asked.stop = asked.stop.map(() => written)
  return asked
}

/** The keys and types, numbers in keys and lengths of lists aside. */
function shape(value: unknown): unknown {
  if (value === null) return null
  if (Array.isArray(value)) return [...new Set(value.map((one) => JSON.stringify(shape(one))))].sort()
  if (typeof value !== 'object') return typeof value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, one]) => [key.replaceAll(/\d+/g, 'N'), shape(one)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** The words of an error, without the names and numbers in it. */
const words = (answer: unknown) =>
  errorDetail(JSON.stringify(answer))
    .replaceAll(/smollm2|table/g, 'M')
    .replaceAll(/\d+/g, 'N')

describe.each([
  ['full', {}],
  ['closed', { updates: false, developer: false, mode: 'processed' as const }],
])('a recording, %s', (name, options) => {
  let fake: FakeVllm
  beforeAll(async () => {
    fake = await startFake({ ...options, maxModelLen: 2048 })
    const table = openTable()
    for (const directory of ['model', 'rank-8', 'rank-128']) {
      mkdirSync(join(root, directory), { recursive: true })
      await table.save(join(root, directory), { optimizer: false })
    }
    await table.close()
  })
  afterAll(() => fake.stop())

  it('is how the fake server answers', async () => {
    // The third token and text that the fake draws, to end a completion at.
    let end = 0
    let written = ''
    for (const { what, method, path, body, status, answer } of recording(name)) {
      // The rank is the fake's setting, and a server that has died says nothing more.
      if (what === 'load an adapter of too high a rank') {
        const said = (answer as { error: { message: string } }).error.message
        Object.assign(fake.options, { refusesAdapters: [500, said] })
      }
      if (what === 'completion after that') continue
      const response = await fetch(`${fake.url}/${path}`, {
        method,
        ...(body ? { body: JSON.stringify(atTheFake(body, end, written)) } : {}),
      })
      const text = await response.text()
      expect([what, response.status]).toEqual([what, status])
      const own = typeof answer === 'string' ? text : JSON.parse(text)
      expect([what, shape(own)]).toEqual([what, shape(answer)])
      if (typeof answer === 'string') expect(text).toBe(answer)
      // What pydantic says of a type is its own affair.
      if (status !== 200 && what !== 'negative id') expect([what, words(own)]).toEqual([what, words(answer)])
      if (what === 'completion that ends by length') {
        end = own.choices[0].token_ids[2]
        written = own.choices[0].text.slice(1, 3)
      }
      Object.assign(fake.options, { refusesAdapters: undefined })
    }
  })

  it('says how log-probabilities are reported', () => {
    const { body, answer } = recording(name).find(({ what }) => what === 'probe')!
    const tokens = body!.prompt as number[]
    const said = (answer as { choices: { prompt_logprobs: (Record<string, { logprob: number }> | null)[] }[] })
      .choices[0]!
    const logprob = Float32Array.from(tokens.slice(1), (id, t) => said.prompt_logprobs[t + 1]![id]!.logprob - 0.25)
    const result = probeResult(JSON.stringify(answer), { tokens, logprob })
    expect(result?.difference).toBeCloseTo(0.25, 5)
    expect(result?.mode).toBe(name === 'closed' ? 'processed' : 'raw')
  })
})

describe('a recorded completion', () => {
  const exchanges = recording('full')
  const reply = (what: string) => exchanges.find((one) => one.what === what)!
  const draw = { prompt: { key: 0, tokens: [504, 3575, 282, 4649, 314] }, sample: 0 }
  const options = { ...samplingOptions(openTable()), maxNewTokens: 6, stopTokens: [260] }
  const read = (what: string) => completionOf(JSON.stringify(reply(what).answer), draw, options, 'http://a')

  it('was asked for with the keys that the sampler sends', () => {
    const sent = completionRequest(draw, options, 'smollm2')
    const { body } = reply('completion that ends by length')
    expect(Object.keys(sent).sort()).toEqual(Object.keys(body!).sort())
    const probe = Object.keys(probeRequest({ tokens: [1], logprob: new Float32Array() }, 'a'))
    const taken = new Set([...Object.keys(body!), 'prompt_logprobs'])
    expect(probe.filter((key) => !taken.has(key))).toEqual([])
  })

  it('is read as it was drawn', () => {
    const { tokens, logprob, finish } = read('completion that ends by length')
    expect(tokens).toEqual([7042, 28, 260, 3575, 2240, 282])
    expect(logprob[0]).toBe(-0.25807321071624756)
    expect(finish).toBe('length')
    // The end token belongs to it.
    expect(read('completion that ends at a stop token')).toMatchObject({ tokens: [7042, 28, 260], finish: 'stop' })
    expect(read('completion that ends at a text')).toMatchObject({ tokens: [7042], finish: 'stop' })
  })

  // biome-ignore lint/suspicious/noExplicitAny: damage of any kind.
  it.each<[string, (answer: any) => void]>([
    ['without ids', ({ choices: [one] }) => delete one.token_ids],
    ['without log-probabilities', ({ choices: [one] }) => (one.logprobs = null)],
    ['with a log-probability too few', ({ choices: [one] }) => one.logprobs.token_logprobs.pop()],
    ['with too many tokens', ({ choices: [one] }) => one.token_ids.push(1) + one.logprobs.token_logprobs.push(-1)],
    ['without tokens', ({ choices: [one] }) => (one.token_ids = [])],
    ['cut short', ({ choices: [one] }) => one.token_ids.pop() + one.logprobs.token_logprobs.pop()],
    ['broken off', ({ choices: [one] }) => (one.finish_reason = 'abort')],
    ['that ends for a reason of its own', ({ choices: [one] }) => (one.finish_reason = 'repetition')],
    ['that is two', ({ choices }) => choices.push(choices[0])],
    ['of text for an id', ({ choices: [one] }) => (one.token_ids[0] = '7042')],
  ])('%s is no completion', (_, change) => {
    const answer = structuredClone(reply('completion that ends by length').answer)
    change(answer)
    expect(() => completionOf(JSON.stringify(answer), draw, options, 'http://a')).toThrow(RequestProblem)
  })
})
