/**
 * Page-locked ("pinned") host memory, through which CUDA copies without making the host wait: what is sent is queued behind
 * the kernels before it. LibTorch's allocator hands such memory out again only when the copies from it have ended, so it
 * may be freed as soon as a copy is queued. All of that is tried once per device before it is relied on.
 */
import { type Device, deviceName, deviceTypeCode } from './device.js'
import { dtypes } from './dtype.js'
import { native } from './engine.js'
import type { Handle, Native } from './native.js'

/** Larger transfers are rare, and what is pinned once stays so. */
const largest = 32 * 2 ** 20

/** Whether this many bytes go to the device, and come from it, through pinned memory. */
export const pins = (device: Device, bytes: number): boolean =>
  device.type === 'cuda' && bytes > 0 && bytes <= largest && pinnedProblem(device) === undefined

const problems = new Map<number, string | undefined>()

/** Why a CUDA device's transfers are not pinned; undefined where they are. */
export function pinnedProblem(device: Device): string | undefined {
  if (!problems.has(device.index)) problems.set(device.index, tryPinned(device, native()))
  return problems.get(device.index)
}

/** How numbers travel between host and device, as a run tells it; undefined on the processor. */
export function transfersText(device: Device): string | undefined {
  if (device.type === 'cpu') return undefined
  if (device.type !== 'cuda') return 'pageable (pinned memory is for CUDA)'
  const problem = pinnedProblem(device)
  return problem === undefined
    ? `pinned (what is sent ahead arrives on ${deviceName(device)})`
    : `pageable (pinned memory does not work on ${deviceName(device)}: ${problem})`
}

const rounds = 32
const count = 65_536

/** Sends many different numbers ahead, each from memory that is freed at once, and looks at what has arrived. */
export function tryPinned(device: Device, engine: Native): string | undefined {
  if (!engine.emptyPinned) return 'this LibTorch has no function for it'
  const { code } = dtypes.int32
  const there: Handle[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      there.push(engine.emptyStrided([count], [1], code, deviceTypeCode(device), device.index))
      const host = engine.emptyPinned([count], [1], code)
      engine.write(engine.dataPointer(host), 'int32_t', new Int32Array(count).fill(round))
      engine.copyInto(there[round], host, true)
      engine.deleteHandle(host)
    }
    const wrong = there.filter((handle, round) => {
      const host = engine.emptyPinned!([count], [1], code)
      engine.copyInto(host, handle, false)
      const arrived = engine.read(engine.dataPointer(host), 'int32_t', count) as Int32Array
      engine.deleteHandle(host)
      return arrived.some((value) => value !== round)
    })
    return wrong.length > 0 ? `${wrong.length} of ${rounds} transfers arrive changed` : undefined
  } catch (error) {
    return (error as Error).message.split('\n')[0]
  } finally {
    for (const handle of there) engine.deleteHandle(handle)
  }
}
