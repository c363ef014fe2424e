import { describe, expect, it } from 'vitest'
import { renewReport } from './report-renewal.js'

const saving = { type: 'phase', phase: 'checkpoint' }
const sampling = { type: 'phase', phase: 'rollout' }

describe('a page that is renewed', () => {
  it('is written after a checkpoint, once, and not before it is there', async () => {
    let written = 0
    const { onEvent, settled } = renewReport(
      async () => written++,
      () => 0,
    )
    onEvent(sampling)
    onEvent(saving)
    expect(written).toBe(0)
    onEvent(sampling)
    onEvent({ type: 'step' })
    await settled()
    expect(written).toBe(1)
    onEvent(saving)
    onEvent(sampling)
    await settled()
    expect(written).toBe(2)
  })

  it('leaves out checkpoints that follow too soon, or while it is being written', async () => {
    let [time, written] = [0, 0]
    let finish = () => {}
    const { onEvent, settled } = renewReport(
      () => {
        written++
        return new Promise<void>((resolve) => {
          finish = resolve
        })
      },
      () => time,
    )
    const checkpoint = () => {
      onEvent(saving)
      onEvent(sampling)
    }
    checkpoint()
    checkpoint()
    expect(written).toBe(1)
    time = 10
    finish()
    await settled()
    time = 209
    checkpoint()
    expect(written).toBe(1)
    time = 210
    checkpoint()
    expect(written).toBe(2)
    finish()
    await settled()
  })

  it('survives a page that cannot be made', async () => {
    const { onEvent, settled } = renewReport(
      () => Promise.reject(new Error('disk full')),
      () => 0,
    )
    onEvent(saving)
    onEvent(sampling)
    await expect(settled()).resolves.toBeUndefined()
  })
})
