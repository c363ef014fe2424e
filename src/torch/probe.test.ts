import { beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { cpu, native, parseDevice } from './index.js'
import { requireDevice } from './probe.js'

beforeAll(startTestEngine)

describe('a device that a run asks for', () => {
  it('is the processor, always', () => {
    expect(() => requireDevice(cpu)).not.toThrow()
  })

  it('is refused with the reason where LibTorch cannot try it', () => {
    const { cuda, lacksDriver, version } = native()
    // Where there is a GPU, the ninth one is not.
    const [device, reason] = cuda
      ? ['cuda:8', /device cuda:8 does not work here: \S/]
      : ['cuda', lacksDriver ? /no NVIDIA driver was found/ : `LibTorch ${version} is a build without CUDA`]
    expect(() => requireDevice(parseDevice(device))).toThrow(reason)
  })
})
