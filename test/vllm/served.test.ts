/** eval, filter, and generate on servers that hold the model: the servers draw, and this machine scores. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { openServed } from '../../src/rollout/vllm/sampler.js'
import type { ExactBackend } from '../../src/train/backend.js'
import { promptsOf, samplingOptions } from '../contracts/backend.js'
import { openTable } from '../table/backend.js'
import { startFake } from './fake-sampler.js'
import type { FakeVllm } from './fake-server.js'

const root = mkdtempSync(join(tmpdir(), 'served-'))
let backend: ExactBackend
beforeAll(() => {
  backend = openTable()
})
afterAll(async () => {
  await backend.close()
  rmSync(root, { recursive: true })
})
const fakes: FakeVllm[] = []
afterEach(async () => {
  for (const fake of fakes.splice(0)) await fake.stop()
})

async function served(of: ExactBackend = backend, setUp?: (fake: FakeVllm) => Promise<void>) {
  const fake = await startFake()
  fakes.push(fake)
  await setUp?.(fake)
  const { model, score } = of
  return {
    fake,
    sampler: await openServed([fake.url], { model, score, reference: 'the-model' }, { env: {}, pause: 2 }),
  }
}

it('draws there and scores here, without sending weights', async () => {
  const { fake, sampler } = await served()
  const prompts = promptsOf(backend, [5, 3])
  const { completions } = await sampler.sample(prompts, samplingOptions(backend))
  expect(completions).toHaveLength(6)
  const groups = prompts.map(({ tokens }, p) => ({
    prompt: Int32Array.from(tokens),
    completions: completions.filter(({ prompt }) => prompt === p).map((one) => one.tokens),
  }))
  const scored = (await backend.score(groups, { temperature: 1, tokenBudget: 4096 })).flat()
  completions.forEach(({ entropy, logprob, samplerLogprob }, i) => {
    expect(entropy).toEqual(scored[i]!.entropy)
    expect(logprob).toEqual(scored[i]!.logprob)
    samplerLogprob!.forEach((value, t) => {
      expect(value).toBeCloseTo(logprob[t]!, 5)
    })
  })
  expect([...fake.counts.keys()].sort()).toEqual(['v1/completions', 'v1/models', 'version'])
  await sampler.close()
})

it('finds the adapter that the server was started with', async () => {
  const trained = openTable({ seed: 9 })
  await trained.save(join(root, 'adapter'), { optimizer: false })
  const { sampler } = await served(trained, async (fake) => {
    const body = JSON.stringify({ lora_name: 'mine', lora_path: join(root, 'adapter') })
    expect((await fetch(`${fake.url}/v1/load_lora_adapter`, { method: 'POST', body })).status).toBe(200)
  })
  const { completions } = await sampler.sample(promptsOf(trained, [5]), samplingOptions(trained))
  for (const { logprob, samplerLogprob } of completions) {
    samplerLogprob!.forEach((value, t) => {
      expect(value).toBeCloseTo(logprob[t]!, 5)
    })
  }
  await sampler.close()
})

it('refuses a server of another model', async () => {
  const other = openTable({ seed: 9 })
  await expect(served(other)).rejects.toThrow(/gives a text other log-probabilities than the policy/)
})
