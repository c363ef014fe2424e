import { expect, it } from 'vitest'
import { absentDevice } from './absent-device.js'

it('knows that the processor is here, and MPS on macOS alone', async () => {
  expect(await absentDevice('cpu')).toBeUndefined()
  if (process.platform !== 'darwin') expect(await absentDevice('mps')).toMatch(/^there is no MPS here/)
})

it('says why there is no CUDA', async () => {
  const before = process.env.ISENTROPE_TORCH
  // No torch of the user's own.
  process.env.ISENTROPE_TORCH = 'pinned'
  try {
    expect(await absentDevice('cuda:1')).toBe('there is no CUDA here: no PyTorch with CUDA was found')
  } finally {
    if (before === undefined) delete process.env.ISENTROPE_TORCH
    else process.env.ISENTROPE_TORCH = before
  }
})
