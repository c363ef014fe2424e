/** How training would compute on a CUDA device, tried there: what a run's first lines say, before there is a run. */
import { type AttentionChoice, attentionText, chooseAttention } from '../model/attention/choice.js'
import { transfersText } from '../torch/pinned.js'

export interface AcceleratorReport {
  device: string
  /** The type that the attention was tried in. */
  dtype: 'bfloat16'
  /** The attention of training for each size of head. */
  attention: (AttentionChoice & { headDim: number })[]
  /** How numbers travel between the host and the device. */
  transfers: string
}

/** What is tried; tests put their own in its place. */
export interface AcceleratorTrials {
  chooseAttention: (...args: Parameters<typeof chooseAttention>) => AttentionChoice
  transfersText: typeof transfersText
}

const trials: AcceleratorTrials = { chooseAttention, transfersText }

/** Dimensions of a head in most models: 64 in the small ones, 128 in the others. */
const commonHeads = [64, 128]

/** Tries the CUDA device of this index, on which a product has been computed already. */
export function checkAccelerator(index: number, { chooseAttention, transfersText } = trials): AcceleratorReport {
  const device = { type: 'cuda', index } as const
  const dtype = 'bfloat16'
  return {
    device: `cuda:${index}`,
    dtype,
    attention: commonHeads.map((headDim) => ({
      headDim,
      ...chooseAttention({ config: { heads: 4, kvHeads: 2, headDim }, device, dtype }),
    })),
    transfers: transfersText(device)!,
  }
}

/** The report's rows: heads that take the same attention for the same reason stand together. */
export function acceleratorRows(report: AcceleratorReport): [string, string][] {
  const texts = new Map<string, number[]>()
  for (const choice of report.attention) {
    const text = attentionText(choice)
    texts.set(text, [...(texts.get(text) ?? []), choice.headDim])
  }
  const rows = [...texts].map(([text, sizes], i): [string, string] => [
    i === 0 ? 'attention' : '',
    `${report.device}, ${report.dtype}, heads of ${sizes.join(' and ')} dimensions: ${text}`,
  ])
  return [...rows, ['transfers', `${report.device}: ${report.transfers}`]]
}
