/** What is special about training an adapter: which parameters move, and dropout keyed by the tokens' places. */

import { type DropoutRow, dropoutRows } from '../../model/lora/dropout.js'
import type { Lora } from '../../model/lora/lora.js'
import type { Tensor } from '../../torch/index.js'

export interface LoraTraining {
  adapter: Lora
  dropout?: { rate: number; seed: number }
}

/** Runs `body` with the adapter's dropout on the rows of one packed micro-batch, as the `update`-th of the run. */
export function withDropout<T>(
  { adapter, dropout }: LoraTraining,
  update: number,
  rows: () => DropoutRow[],
  device: Tensor['device'],
  body: () => T,
): T {
  if (!dropout) return body()
  const rows_T_1 = dropoutRows(rows(), dropout.seed, update, device)
  adapter.drop(rows_T_1, dropout)
  try {
    return body()
  } finally {
    adapter.drop(undefined, dropout)
  }
}

/** The rows of a packed micro-batch in their order: all prompts, then all branches (packing.ts). */
export function rowsOfSequences(
  sequences: {
    prompt: ArrayLike<number>
    members: { length: number; place: { group: number; completion: number } }[]
  }[],
): DropoutRow[] {
  const rows: DropoutRow[] = []
  const append = (group: number, sequence: number, length: number) => {
    for (let position = 0; position < length; position++) rows.push({ group, sequence, position })
  }
  for (const { prompt, members } of sequences) append(members[0].place.group, 0, prompt.length)
  for (const { members } of sequences) {
    for (const { length, place } of members) append(place.group, place.completion + 1, length - 1)
  }
  return rows
}
