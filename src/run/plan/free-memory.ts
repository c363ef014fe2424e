/** Memory that a run may still take: of the host, and of an accelerator as its driver says. */
import { freeHostMemory } from '../../torch/host-memory.js'
import { locateTorch } from '../../torch/install/index.js'
import { askThread } from '../../torch/thread.js'

/** Bytes; absent where it cannot be told. */
export interface FreeMemory {
  host?: number
  /** Of the policy's device, where that has memory of its own. */
  accelerator?: number
}

/** Whether the device's memory is apart from the host's; Apple's GPUs share theirs. */
export const hasOwnMemory = (device: string): boolean => device.startsWith('cuda')

/**
 * Free memory of this machine for a run on `device`. Where the engine has no such device the plan is for another
 * machine, of which nothing is known here.
 */
export async function freeMemory(device: string, threads?: number): Promise<FreeMemory> {
  if (!hasOwnMemory(device)) return { host: freeHostMemory() }
  const { install } = await locateTorch()
  if (!install?.cuda) return {}
  const entry = new URL('../../torch/memory-worker.js', import.meta.url).href
  // The host before a thread's own memory is taken from it.
  return {
    host: freeHostMemory(),
    accelerator: await askThread<number | undefined>(entry, 'free', device, { threads }),
  }
}
