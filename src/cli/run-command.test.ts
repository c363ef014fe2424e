import { describe, expect, it } from 'vitest'
import type { BackendInfo } from '../train/backend.js'
import { startText } from './run-command.js'

describe("a run's first lines", () => {
  const engine = (device: string, attention?: string) => ({ device, attention }) as BackendInfo

  it('say where it goes, and behind which step it goes on', () => {
    expect(startText({ runDirectory: 'runs/a', step: 0, engine: engine('cpu', 'padded (why)') })).toBe('runs/a\n\n')
    expect(startText({ runDirectory: 'runs/a', step: 3 })).toBe('continuing runs/a after step 3\n\n')
  })

  it('say how an accelerator is used, and why so', () => {
    const used = { ...engine('cuda:1', 'padded (why)'), transfers: 'pinned (so)' }
    expect(startText({ runDirectory: 'runs/a', step: 0, engine: used })).toBe(
      'runs/a\nattention: padded (why)\ntransfers: pinned (so)\n\n',
    )
  })
})
