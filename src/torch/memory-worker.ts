/** A thread that asks the engine for an accelerator's free memory. */
import { parseDevice } from './device.js'
import { native } from './engine.js'
import { serve } from './thread.js'

serve(() => ({
  free: (device: string) => {
    const { type, index } = parseDevice(device)
    return type === 'cuda' ? native().freeCudaMemory(index) : undefined
  },
}))
