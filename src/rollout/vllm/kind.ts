/** vLLM as the sampler: one or more servers draw the completions, and the backend trains on them. */
import { z } from 'zod'
import type { Kind, OptionsOf } from '../../base/schema/kinds.js'
import { importanceSection } from '../importance.js'
import { defineSampler, samplingSettings } from '../sampler-kind.js'

const address = z
  .string()
  .refine((text) => /^https?:\/\/[^/]/i.test(text) && URL.canParse(text), 'must be an address such as http://host:8000')

const options = {
  url: z
    .union([address, z.array(address).min(1)])
    .describe(
      'Address of the vLLM server, or a list of them. A server that stops answering is left out until it answers again. ' +
        'A key that they ask for comes from VLLM_API_KEY.',
    ),
  sync: z
    .enum(['lora', 'reload'])
    .optional()
    .describe(
      'How a server gets the weights. lora: the adapter is saved and loaded under a new name. reload: all weights are saved ' +
        'and read from disk; the server needs VLLM_SERVER_DEV_MODE=1. Absent: lora if the recipe has a lora section, else reload.',
    ),
  directory: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Directory that this machine and the servers see under the same path; the weights go there. Absent: the run's sampler/.",
    ),
  importance: importanceSection
    .prefault({})
    .describe(
      'Corrects for the difference between the servers’ policy q and the trained policy p: truncated importance weights.',
    ),
  timeout: z
    .number()
    .gt(0)
    .default(600)
    .describe('Seconds that one completion may take before the request is given up and sent again.'),
  patience: z
    .number()
    .min(0)
    .default(600)
    .describe('Seconds that the run waits while no server answers, before it stops and can be resumed.'),
}

export type VllmOptions = OptionsOf<Kind<'vllm', typeof options>>

export const vllmSampler = defineSampler({
  kind: 'vllm',
  summary: 'vLLM servers sample (docs/engines.md). The weights go to them after every step through a shared directory.',
  options,
  changeable: ['url', 'directory', 'timeout', 'patience'],
  // A server batches requests as they come, and its kernels round by the batch: the same seeds can draw other tokens.
  capabilities: () => ({
    statistics: 'none',
    settings: Object.keys(samplingSettings) as (keyof typeof samplingSettings)[],
    repeats: false,
    overlaps: true,
  }),
  describe: ({ url, sync, directory, importance }) =>
    [
      [url].flat().join(', '),
      sync === undefined ? undefined : `weights by ${sync}`,
      directory === undefined ? undefined : `through ${directory}`,
      `importance weights per ${importance.level}, at most ${importance.cap}`,
    ]
      .filter((part) => part !== undefined)
      .join('; '),
  // A recipe is checked without any of it.
  open: async (options, context) => (await import('./sampler.js')).openVllmSampler(options, context),
})
