/** The vLLM sampler on fake servers, with a table as its backend. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SamplerContext } from '../../src/rollout/sampler-kind.js'
import { samplerCapabilities, samplerSection } from '../../src/rollout/samplers.js'
import type { VllmOptions } from '../../src/rollout/vllm/kind.js'
import { openVllmSampler } from '../../src/rollout/vllm/sampler.js'
import type { ExactBackend } from '../../src/train/backend.js'
import type { SamplerHarness } from '../contracts/sampler.js'
import { openTable } from '../table/backend.js'
import { type FakeOptions, FakeVllm } from './fake-server.js'

/** The logits of a table that nobody has trained. */
export async function startingLogits(): Promise<number[]> {
  const table = openTable()
  const directory = mkdtempSync(join(tmpdir(), 'logits-'))
  try {
    await table.save(directory, { optimizer: false })
    return JSON.parse(readFileSync(join(directory, 'table.json'), 'utf8'))
  } finally {
    rmSync(directory, { recursive: true })
    await table.close()
  }
}

export const startFake = async (options: Partial<FakeOptions> = {}): Promise<FakeVllm> =>
  new FakeVllm({ base: await startingLogits(), ...options }).start()

export function vllmOptions(url: string | string[], changes: object = {}): VllmOptions {
  const { kind: _, ...options } = samplerSection.parse({ kind: 'vllm', url, ...changes }) as VllmOptions & {
    kind: string
  }
  return options
}

export interface Setting {
  backend: ExactBackend
  directory: string
  signal?: AbortSignal
  adapter?: boolean
  env?: NodeJS.ProcessEnv
}

export const openFakeSampler = (
  options: VllmOptions,
  { backend, directory, signal, adapter = true, env = {} }: Setting,
) => {
  const context: SamplerContext = {
    sample: (...given) => backend.sample(...given),
    score: (...given) => backend.score(...given),
    reference: 'the-model',
    model: backend.model,
    adapter,
    directory,
    signal,
  }
  return openVllmSampler(options, context, { env, pause: 2 })
}

/** For the contract of samplers: `mode` as the server reports log-probabilities. */
export function fakeVllmHarness(sync: 'lora' | 'reload', mode: 'raw' | 'processed'): SamplerHarness {
  return {
    name: `vLLM, a fake one that reports ${mode} log-probabilities, by ${sync}`,
    rounding: 1e-6,
    async open({ signal, directory }) {
      const backend = openTable({ signal })
      const fake = await startFake({ mode })
      const sampler = await openFakeSampler(vllmOptions(fake.url, { sync }), {
        backend,
        directory: directory(),
        signal,
        adapter: sync === 'lora',
      })
      const declared = samplerCapabilities({ kind: 'vllm', ...vllmOptions(fake.url) }, backend.capabilities.sampling)
      const refused = mode === 'raw' ? ['temperature'] : ['topP', 'topK', 'minP']
      return {
        sampler,
        backend,
        // This server's draws depend on the seed alone.
        capabilities: {
          ...declared,
          repeats: true,
          settings: declared.settings.filter((one) => !refused.includes(one)),
        },
        async close() {
          await sampler.close()
          await backend.close()
          await fake.stop()
        },
      }
    },
  }
}
