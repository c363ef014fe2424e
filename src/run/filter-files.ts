/** A filter's results as Parquet. */
import { promptText } from '../rollout/prompts.js'
import { type Column, tableParquet } from '../task/data/parquet.js'
import type { Example } from '../task/types.js'
import type { MeasuredRate } from './filter-directory.js'

const rateColumns: Column<MeasuredRate>[] = [
  { name: 'id', type: 'STRING', value: (rate) => rate.id },
  { name: 'correct', type: 'INT32', value: (rate) => rate.correct },
  { name: 'samples', type: 'INT32', value: (rate) => rate.samples },
  { name: 'pass_rate', type: 'DOUBLE', value: (rate) => rate.pass_rate },
  { name: 'reward_mean', type: 'DOUBLE', value: (rate) => rate.reward_mean },
  { name: 'tokens', type: 'INT32', value: (rate) => rate.tokens },
  { name: 'truncated', type: 'INT32', value: (rate) => rate.truncated },
]

/** rates.parquet */
export const ratesParquet = (rates: readonly MeasuredRate[]): Uint8Array => tableParquet(rates, rateColumns)

interface Kept {
  example: Example
  rate: MeasuredRate
}

const keptColumns: Column<Kept>[] = [
  ...rateColumns.map(({ value, ...column }) => ({ ...column, value: ({ rate }: Kept) => value(rate) })),
  { name: 'problem', type: 'STRING', value: ({ example }) => promptText(example) },
  { name: 'answer', type: 'STRING', nullable: true, value: ({ example }) => example.answer ?? null },
]

/** kept.parquet: the prompts as the policy saw them. */
export const keptParquet = (kept: readonly Kept[]): Uint8Array =>
  tableParquet(
    kept,
    keptColumns,
    kept.map(({ example }) => example.prompt),
  )
