import { beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { cpu, native, transfersText } from './index.js'
import type { Native } from './native.js'
import { tryPinned } from './pinned.js'

beforeAll(startTestEngine)

const cuda = { type: 'cuda', index: 0 } as const

/**
 * A device whose copies run when the host waits for it, with pinned memory that is handed out again: once no copy from it
 * is under way (`careful`), or at once.
 */
function slowDevice({ careful }: { careful: boolean }): Native & { held: () => number } {
  const memory = new Map<number, Int32Array>()
  const free: number[] = []
  let queue: { to: number; from: number }[] = []
  let next = 1
  let held = 0
  const allocate = (count: number) => {
    held++
    memory.set(next, new Int32Array(count))
    return next++
  }
  const run = () => {
    for (const { to, from } of queue) memory.get(to)!.set(memory.get(from)!)
    queue = []
  }
  const pinned = new Set<number>()
  return {
    emptyStrided: ([count]: number[]) => allocate(count),
    emptyPinned: ([count]: number[]) => {
      const at = free.findIndex((handle) => !careful || !queue.some(({ from }) => from === handle))
      held += at < 0 ? 0 : 1
      const handle = at < 0 ? allocate(count) : free.splice(at, 1)[0]
      pinned.add(handle)
      return handle
    },
    dataPointer: (handle: number) => handle,
    write: (address: number, _type: string, data: Int32Array) => memory.get(address)!.set(data),
    read: (address: number) => memory.get(address)!.slice(),
    copyInto: (to: number, from: number, ahead: boolean) => {
      queue.push({ to, from })
      if (!ahead) run()
    },
    deleteHandle: (handle: number) => {
      held--
      if (pinned.has(handle)) free.push(handle)
    },
    held: () => held,
  } as unknown as Native & { held: () => number }
}

describe('pinned memory', () => {
  it('is used where numbers that are sent ahead arrive', () => {
    const device = slowDevice({ careful: true })
    expect(tryPinned(cuda, device)).toBeUndefined()
    expect(device.held()).toBe(0)
  })

  it('is not used where it is handed out again before its copy is made', () => {
    const device = slowDevice({ careful: false })
    expect(tryPinned(cuda, device)).toBe('31 of 32 transfers arrive changed')
    expect(device.held()).toBe(0)
  })

  it('says why it is not used', () => {
    expect(tryPinned(cuda, { ...slowDevice({ careful: true }), emptyPinned: undefined })).toMatch(/no function/)
    expect(transfersText(cpu)).toBeUndefined()
    expect(transfersText({ type: 'mps', index: 0 })).toBe('pageable (pinned memory is for CUDA)')
    if (native().cuda) return
    // LibTorch itself, without a GPU.
    expect(tryPinned(cuda, native())).toBeTypeOf('string')
    expect(transfersText(cuda)).toMatch(/^pageable \(pinned memory does not work on cuda:0: .+\)$/)
  })
})
