import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BackendInfo } from '../train/backend.js'
import { plannedPlace, startText } from './run-command.js'

describe("a run's first lines", () => {
  const engine = (device: string, attention?: string) => ({ device, attention }) as BackendInfo

  it('say where it goes, and behind which step it goes on', () => {
    expect(startText({ runDirectory: 'runs/a', step: 0, engine: engine('cpu', 'padded (why)') })).toBe('runs/a\n\n')
    expect(startText({ runDirectory: 'runs/a', step: 3 })).toBe('continuing runs/a after step 3\n\n')
  })

  it('do not say again where the plan has put it', () => {
    expect(startText({ runDirectory: 'runs/a', step: 0 }, 'runs/a')).toBe('\n')
    expect(startText({ runDirectory: 'runs/a-20260101-000000', step: 0 }, 'runs/a-TIMESTAMP')).toBe(
      'runs/a-20260101-000000\n\n',
    )
    expect(startText({ runDirectory: 'runs/a', step: 3 }, 'runs/a')).toBe('continuing runs/a after step 3\n\n')
  })

  it('say how an accelerator is used, and why so', () => {
    const used = { ...engine('cuda:1', 'padded (why)'), transfers: 'pinned (so)' }
    expect(startText({ runDirectory: 'runs/a', step: 0, engine: used })).toBe(
      'runs/a\nattention: padded (why)\ntransfers: pinned (so)\n\n',
    )
  })
})

it('a run is planned where it is told to, in a new directory of its name, or in the newest when it goes on', async () => {
  const root = mkdtempSync(join(tmpdir(), 'runs-'))
  try {
    for (const name of ['a-20260101-000000', 'a-20260102-000000']) {
      mkdirSync(join(root, name))
      writeFileSync(join(root, name, 'config.yaml'), '')
    }
    expect(plannedPlace({ name: 'a' }, { run: 'there', resume: true }, root)).toBe('there')
    expect(plannedPlace({ name: 'a' }, {})).toBe('runs/a-TIMESTAMP')
    expect(plannedPlace({}, {})).toBe('runs/run-TIMESTAMP')
    expect(plannedPlace({ name: 'a' }, { resume: true }, root)).toBe(join(root, 'a-20260102-000000'))
  } finally {
    rmSync(root, { recursive: true })
  }
})
