/** The default backend: LibTorch on this machine, in a thread of its own. */
import { defineBackend } from '../backend-kind.js'
import { allCapabilities } from '../capabilities.js'

export const localBackend = defineBackend({
  kind: 'local',
  summary: 'LibTorch on this machine.',
  options: {},
  capabilities: () => allCapabilities,
  describe: () => 'LibTorch on this machine',
  // A recipe is checked without loading an engine.
  open: async (policy, _, { signal }) => (await import('./policy.js')).openLocalPolicy(policy, signal),
})
