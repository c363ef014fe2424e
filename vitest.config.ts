import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    // LibTorch uses every core by itself; more than two files at once only contend for them.
    maxWorkers: 2,
    // A CI variable alone makes terminal output coloured; tests compare plain text.
    env: { NO_COLOR: '1' },
    // Vitest gives a polled expectation one second.
    expect: { poll: { timeout: 30_000 } },
    // Against hangs alone: many tests share two cores.
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
})
