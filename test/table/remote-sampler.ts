/**
 * A sampler beside its backend: another table, with log-probabilities alone, which has the weights only once it is told.
 */
import type { Sampler } from '../../src/rollout/sampler-kind.js'
import type { Backend } from '../../src/train/backend.js'
import type { OpenSampler, SamplerHarness } from '../contracts/sampler.js'
import { openTable } from './backend.js'

/** `directory`: where the weights go, a new place every time. */
export function remoteTable({ signal, directory }: { signal?: AbortSignal; directory: () => string }): Sampler {
  const table = openTable({ seed: 1, signal })
  return {
    async sample(...given) {
      const { completions, statistics } = await table.sample(...given)
      const bare = completions.map(({ prompt, sample, tokens, finish, logprob }) => ({
        prompt,
        sample,
        tokens,
        finish,
        logprob,
      }))
      return { completions: bare, statistics }
    },
    async sync({ save }) {
      const into = directory()
      await save(into)
      await table.load(into, { optimizer: false })
    },
    close: () => table.close(),
  }
}

export const openRemoteTable: SamplerHarness['open'] = async ({ signal, directory }): Promise<OpenSampler> => {
  const backend: Backend = openTable({ signal })
  const sampler = remoteTable({ signal, directory })
  return {
    sampler,
    backend,
    capabilities: { ...backend.capabilities.sampling, statistics: 'none' },
    async close() {
      await sampler.close()
      await backend.close()
    },
  }
}
