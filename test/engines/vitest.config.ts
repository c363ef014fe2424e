/** Real engines: they take minutes and gigabytes to install, and are no part of `npm test`. `npm run test:engines`. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/engines/**/*.engine.ts'],
    pool: 'forks',
    maxWorkers: 1,
    env: { NO_COLOR: '1' },
    testTimeout: 1_800_000,
    hookTimeout: 3_600_000,
  },
})
