/** The default sampler: the backend samples from the weights that it trains. */
import { defineSampler } from './sampler-kind.js'

export const localSampler = defineSampler({
  kind: 'local',
  summary: 'the backend itself samples, from the weights that it trains.',
  options: {},
  capabilities: (_, backend) => backend,
  describe: () => 'the backend samples',
  open: async (_, { sample }) => ({ sample, close: async () => {} }),
})
