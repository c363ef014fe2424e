/** Memory that a run may still take: of the host, and of an accelerator as its driver says. */
import os from 'node:os'
import { freeAddresses, freeHostMemory } from '../../torch/host-memory.js'
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
 * Addresses that the engine reserves without using them: its libraries and its thread, and a stack and an arena of the C
 * library for each thread of LibTorch. Measured with LibTorch 2.15 on Linux: 0.95 GiB, and 0.08 GiB a thread.
 */
const reserved = { engine: 2 ** 30, thread: 80 * 2 ** 20 }

/** Of the host's memory, what the plan may count on: a limit on addresses is also taken up by what is only reserved. */
export function freeForEngine(
  threads = os.availableParallelism(),
  memory = freeHostMemory(),
  addresses = freeAddresses(),
): number {
  if (addresses === undefined) return memory
  return Math.max(0, Math.min(memory, addresses - reserved.engine - reserved.thread * threads))
}

/**
 * Free memory of this machine for a run on `device`. Where the engine has no such device the plan is for another
 * machine, of which nothing is known here.
 */
export async function freeMemory(device: string, threads?: number): Promise<FreeMemory> {
  if (!hasOwnMemory(device)) return { host: freeForEngine(threads) }
  const { install } = await locateTorch()
  if (!install?.cuda) return {}
  const entry = new URL('../../torch/memory-worker.js', import.meta.url).href
  // The host before a thread's own memory is taken from it.
  return {
    host: freeForEngine(threads),
    accelerator: await askThread<number | undefined>(entry, 'free', device, { threads }),
  }
}
