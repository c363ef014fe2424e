/** The contracts of backends and of samplers, run against all of them. The local one needs a build first. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { openLocalBackend } from '../src/train/local/backend.js'
import type { BackendHarness } from './contracts/backend.js'
import { stateContract } from './contracts/backend-state.js'
import { updateContract } from './contracts/backend-updates.js'
import { type SamplerHarness, samplerContract } from './contracts/sampler.js'
import { openTable, tableCapabilities } from './table/backend.js'
import { openRemoteTable } from './table/remote-sampler.js'
import { writeTinyModel } from './training/tiny-model.js'
import { fakeVllmHarness } from './vllm/fake-sampler.js'

const root = mkdtempSync(join(tmpdir(), 'backends-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0
const directory = () => join(root, `sampler-${count++}`)
const tiny = writeTinyModel(join(root, 'tiny'))

const narrow = { ...tableCapabilities, terms: [], reference: false }
const backends: BackendHarness[] = [
  { name: 'local', open: ({ signal }) => openLocalBackend(tiny, { threads: 1, signal }), rounding: 2e-5 },
  { name: 'table', open: async (options) => openTable(options), rounding: 1e-6 },
  // What is not declared is refused, never left out.
  { name: 'narrow table', open: async (options) => openTable({ ...options, capabilities: narrow }), rounding: 1e-6 },
]

/** A backend samples by itself, and so is a sampler. */
const samplers: SamplerHarness[] = [
  ...backends.map(
    ({ name, open, rounding }): SamplerHarness => ({
      name,
      rounding,
      async open({ signal }) {
        const backend = await open({ signal })
        return { sampler: backend, capabilities: backend.capabilities.sampling, backend, close: () => backend.close() }
      },
    }),
  ),
  { name: 'remote table', open: openRemoteTable, rounding: 1e-6 },
  fakeVllmHarness('lora', 'raw'),
  fakeVllmHarness('reload', 'processed'),
]

describe.each(backends)('the backend $name', (harness) => {
  describe('state', () => stateContract(harness))
  describe('updates', () => updateContract(harness))
})

describe.each(samplers)('the sampler $name', (harness) => samplerContract(harness, directory))
