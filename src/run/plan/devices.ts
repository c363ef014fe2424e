/** What each device has to hold, out of the parts of a run's memory. */
import type { Recipe } from '../../recipe/index.js'
import { type FreeMemory, hasOwnMemory } from './free-memory.js'

/** Bytes; estimates. */
export interface MemoryParts {
  /** Node, LibTorch's code and the tokenizer. */
  process: number
  /** Beside an accelerator: the host's copy of a tensor on its way from or to a file. */
  transfer: number
  weights: number
  /** While updating: float32 sums, as far as they exist beside a micro-batch's activations. */
  gradients: number
  /** AdamW's two moments, and the float32 masters of weights in half precision; of the critic's own trunk too. */
  optimizer: number
  /** The LoRA adapter's factors. */
  adapter: number
  /** The frozen reference, where a KL term needs it. */
  reference: number
  /** PPO's critic: its own trunk, or a frozen one where no reference is there to share. */
  critic: number
  /** While sampling: the linear layers once more, in the layout that decoding is fast in. */
  packed: number
  /** While sampling: keys and values of the rows sampled at once, and of the prompts. */
  cache: number
  /** While updating: what the backward pass of one micro-batch needs. */
  activations: number
  /** While updating: the attention's masks of one micro-batch, which grow with the square of the length. */
  masks: number
  /** Logits of the rows that pass the head at once. */
  head: number
  /** Kernels' scratch memory and what the allocator cannot use; the driver's own on an accelerator. */
  workspace: number
}

/** What one device is to hold. */
export interface DeviceMemory {
  /** As the recipe names it; `host` beside an accelerator. */
  device: string
  parts: Partial<MemoryParts>
  /** The larger of the two phases, with all that stays. */
  total: number
  /** Free there now; absent where it cannot be told (no such device on this machine). */
  available?: number
}

const phases: Partial<Record<string, 'sampling' | 'updating'>> = {
  packed: 'sampling',
  cache: 'sampling',
  gradients: 'updating',
  activations: 'updating',
  masks: 'updating',
}

/** The phase that a part belongs to; undefined: it stays through both. */
export const phaseOf = (part: keyof MemoryParts): 'sampling' | 'updating' | undefined => phases[part]

/** Parts that lie in the host's memory beside an accelerator. */
const onHost: readonly (keyof MemoryParts)[] = ['process', 'transfer']

/** Where the policy lies, and where the optimizer's state does. */
export interface Placement {
  device: string
  optimizerDevice: string
}

export const placementOf = ({
  device,
  train,
}: Pick<Recipe, 'device'> & { train: { optimizerDevice?: string } }): Placement => ({
  device,
  optimizerDevice: train.optimizerDevice ?? device,
})

/** Lays the parts on the devices; sampling and updating take turns, and all else stays. */
export function devicesOf(
  parts: MemoryParts,
  { device, optimizerDevice }: Placement,
  free: FreeMemory,
): DeviceMemory[] {
  const names = Object.keys(parts) as (keyof MemoryParts)[]
  const holding = (name: string, held: (keyof MemoryParts)[], available: number | undefined): DeviceMemory => {
    const sum = (phase?: 'sampling' | 'updating') =>
      held.reduce((total, part) => total + (phaseOf(part) === phase ? parts[part] : 0), 0)
    return {
      device: name,
      parts: Object.fromEntries(held.map((part) => [part, parts[part]])),
      total: sum() + Math.max(sum('sampling'), sum('updating')),
      available,
    }
  }
  if (!hasOwnMemory(device)) return [holding(device, names, free.host)]
  const elsewhere = optimizerDevice === device ? [] : (['optimizer'] as const)
  const there = hasOwnMemory(optimizerDevice) ? optimizerDevice : 'host'
  const hostParts = [...onHost, ...(there === 'host' ? elsewhere : [])]
  const apart = [...onHost, ...elsewhere]
  return [
    holding(
      device,
      names.filter((part) => !apart.includes(part)),
      free.accelerator,
    ),
    holding('host', hostParts, free.host),
    // What is free on a second accelerator is not known here.
    ...(there === 'host' || elsewhere.length === 0 ? [] : [holding(there, [...elsewhere], undefined)]),
  ]
}

/** Whether what the device is to hold fits into what is free there, as far as that is known. */
export const hasRoom = ({ total, available }: DeviceMemory): boolean => available === undefined || total <= available
