/** Campaigns: long, with random parts, and no part of `npm test`. `npm run test:campaign` builds and runs all of them. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/campaign/**/*.campaign.ts'],
    pool: 'forks',
    maxWorkers: 1,
    env: { NO_COLOR: '1' },
    // A busy machine takes hours for what an idle one does in minutes.
    testTimeout: 14_400_000,
    hookTimeout: 600_000,
  },
})
