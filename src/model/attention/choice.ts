/** Which attention a decoder's packed rows go through, and why: the one place that decides it. */
import { type Device, type Dtype, deviceName, flashAttention, isHalf } from '../../torch/index.js'
import type { Decoder } from '../decoder.js'
import { attentionProblem } from './check.js'
import type { AttentionHeads } from './packed.js'
import type { VarlenKernel } from './varlen.js'

export interface AttentionChoice {
  kind: 'padded' | 'varlen'
  /** In words, for the run's first lines. */
  reason: string
}

/** Dimensions of a head that flash attention takes: a multiple of 8, up to this. */
const largestHead = 256

/**
 * Variable lengths where flash attention computes, and where it gives on this very device what the padded attention
 * gives (once per process, device, type and kind of head); else the padded attention.
 */
export function chooseAttention(
  { config, device, dtype }: Pick<Decoder, 'device' | 'dtype'> & { config: AttentionHeads },
  kernel: VarlenKernel = flashAttention,
): AttentionChoice {
  const limit = varlenLimit(config, device, dtype)
  if (limit !== undefined) return { kind: 'padded', reason: limit }
  const { heads, kvHeads, headDim } = config
  const key = [deviceName(device), dtype, heads / kvHeads, headDim].join()
  const known = checked.get(key)
  if (known && kernel === flashAttention) return known
  const choice = check(kernel, config, device, dtype)
  if (kernel === flashAttention) checked.set(key, choice)
  return choice
}

const checked = new Map<string, AttentionChoice>()

/** Why flash attention does not come into question; undefined where it is to be expected. */
export function varlenLimit(
  { headDim }: Pick<AttentionHeads, 'headDim'>,
  device: Device,
  dtype: Dtype,
): string | undefined {
  if (device.type !== 'cuda') return 'flash attention of variable lengths needs CUDA'
  if (!isHalf(dtype)) return `flash attention of variable lengths takes half precision, not ${dtype}`
  if (headDim % 8 !== 0 || headDim > largestHead) {
    return `flash attention of variable lengths takes heads of a multiple of 8 up to ${largestHead} dimensions, not ${headDim}`
  }
  return undefined
}

function check(kernel: VarlenKernel, heads: AttentionHeads, device: Device, dtype: Dtype): AttentionChoice {
  try {
    const problem = attentionProblem(kernel, heads, device, dtype)
    if (problem === undefined) return { kind: 'varlen', reason: `agrees with the padded one on ${deviceName(device)}` }
    return {
      kind: 'padded',
      reason: `flash attention of variable lengths is wrong on ${deviceName(device)}: ${problem}`,
    }
  } catch (error) {
    const [message] = (error as Error).message.split('\n')
    return { kind: 'padded', reason: `flash attention of variable lengths fails on ${deviceName(device)}: ${message}` }
  }
}

/** As a run tells it. */
export const attentionText = ({ kind, reason }: AttentionChoice): string =>
  kind === 'varlen' ? `variable-length flash attention (${reason})` : `padded (${reason})`
