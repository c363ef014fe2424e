/** The columns of a run's rollouts: those of the files, and those computed from them for queries. */

export interface DerivedColumn {
  name: string
  /** Columns of the files that it needs. */
  needs: readonly string[]
  sql: string
  unit?: string
  meaning: string
}

/** Left out where a run's files have the column themselves, or lack what it needs. */
export const derivedColumns: readonly DerivedColumn[] = [
  {
    name: 'length',
    needs: ['tokens'],
    sql: 'len(tokens)',
    unit: 'tokens',
    meaning: "the completion's length",
  },
  {
    name: 'mean_entropy',
    needs: ['entropy'],
    sql: 'list_avg(entropy)',
    unit: 'nats',
    meaning: "mean H of the completion's tokens",
  },
  {
    name: 'mean_logprob',
    needs: ['logprob'],
    sql: 'list_avg(logprob)',
    unit: 'nats',
    meaning: "mean log p of the completion's tokens",
  },
  {
    name: 'max_abs_sc',
    needs: ['s', 'expected_s'],
    sql: 'list_max(list_transform(list_zip(s, expected_s), lambda pair: abs(pair[1] - pair[2])))',
    meaning: 'largest |Sc| of a token, Sc = S* - E[S*]',
  },
  {
    name: 'masked',
    needs: ['grad_mask'],
    sql: 'len(list_filter(grad_mask, lambda flows: NOT flows))',
    unit: 'tokens',
    meaning: 'tokens without gradient in the first update',
  },
  {
    name: 'masked_share',
    needs: ['grad_mask'],
    sql: 'len(list_filter(grad_mask, lambda flows: NOT flows)) / greatest(1, len(grad_mask))',
    meaning: 'their share of the completion',
  },
]

/** What a table shows where nothing is selected, as far as a run has it. */
export const defaultColumns = [
  'step',
  'prompt_id',
  'sample',
  'reward',
  'correct',
  'finish',
  'length',
  'mean_entropy',
  'masked',
  'completion',
]
