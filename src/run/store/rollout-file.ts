/**
 * One step's completions as Parquet: a row each, the per-token statistics as lists. Column names and types are fixed;
 * other tools read them.
 */
import type { SchemaElement } from 'hyparquet'
import { ByteWriter, parquetWrite } from 'hyparquet-writer'
import type { GradedCompletion, TokenCredit } from '../../train/events.js'

type Leaf = 'INT32' | 'FLOAT' | 'DOUBLE' | 'BOOLEAN' | 'STRING'

interface Column {
  name: string
  type: Leaf
  list?: boolean
  nullable?: boolean
  /** Of a struct: its fields, each of the type. */
  fields?: readonly string[]
  value(row: GradedCompletion, step: number): unknown
}

const columns: Column[] = [
  { name: 'step', type: 'INT32', value: (_, step) => step },
  { name: 'prompt_id', type: 'STRING', value: (row) => row.promptId },
  { name: 'sample', type: 'INT32', value: (row) => row.completion.sample },
  { name: 'prompt', type: 'STRING', value: (row) => row.promptText },
  { name: 'completion', type: 'STRING', value: (row) => row.completionText },
  { name: 'answer', type: 'STRING', nullable: true, value: (row) => row.example.answer ?? null },
  { name: 'tokens', type: 'INT32', list: true, value: (row) => row.completion.tokens },
  { name: 'reward', type: 'DOUBLE', value: (row) => row.reward },
  { name: 'advantage', type: 'DOUBLE', value: (row) => row.advantage },
  { name: 'logprob', type: 'FLOAT', list: true, value: (row) => row.completion.logprob },
  { name: 'entropy', type: 'FLOAT', list: true, value: (row) => row.completion.entropy },
  { name: 'sum_p2', type: 'FLOAT', list: true, value: (row) => row.completion.sumP2 },
  { name: 'sum_p2_log_p', type: 'FLOAT', list: true, value: (row) => row.completion.sumP2LogP },
  { name: 's', type: 'FLOAT', list: true, value: (row) => row.completion.S },
  { name: 'expected_s', type: 'FLOAT', list: true, value: (row) => row.completion.expectedS },
  { name: 'sum_s2', type: 'FLOAT', list: true, value: (row) => row.completion.sumS2 },
  { name: 'prompt_tokens', type: 'INT32', list: true, value: (row) => row.promptTokens ?? [] },
  { name: 'grad_mask', type: 'BOOLEAN', list: true, value: (row) => Array.from(row.gradMask, (bit) => bit !== 0) },
  { name: 'finish', type: 'STRING', value: (row) => row.completion.finish },
]

const perToken = (name: string, of: (credit: TokenCredit) => Float32Array | undefined): Column => ({
  name,
  type: 'FLOAT',
  list: true,
  value: ({ tokenCredit, completion }) =>
    (tokenCredit && of(tokenCredit)) ?? new Float32Array(completion.tokens.length).fill(Number.NaN),
})

/** Where a critic gives every token an advantage of its own; not-a-number where a token is not the policy's. */
const creditColumns: Column[] = [
  perToken('advantages', ({ advantages }) => advantages),
  perToken('value', ({ values }) => values),
  perToken('return', ({ returns }) => returns),
]

/** Behind all others: the order of columns stays. */
const resultColumns = (rows: readonly GradedCompletion[]): Column[] => [
  // Absent where the task gives no verdict.
  ...(rows.some(({ correct }) => correct !== undefined)
    ? [{ name: 'correct', type: 'BOOLEAN', nullable: true, value: (row) => row.correct ?? null } satisfies Column]
    : []),
  { name: 'length', type: 'INT32', value: (row) => row.completion.tokens.length },
  ...rewardParts(rows),
]

/** A struct of the unweighted rewards, with a field for each. */
function rewardParts(rows: readonly GradedCompletion[]): Column[] {
  const fields = Object.keys(rows[0]?.rewardParts ?? {})
  if (fields.length === 0 || rows.some(({ rewardParts }) => rewardParts === undefined)) return []
  return [{ name: 'reward_parts', type: 'DOUBLE', fields, value: (row) => row.rewardParts }]
}

/** The three levels that the Parquet format prescribes for a list. */
function listSchema(name: string, type: Leaf): SchemaElement[] {
  return [
    { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { ...leafSchema('element', type), repetition_type: 'REQUIRED' },
  ]
}

const structSchema = (name: string, type: Leaf, fields: readonly string[]): SchemaElement[] => [
  { name, repetition_type: 'REQUIRED', num_children: fields.length },
  ...fields.map((field): SchemaElement => ({ ...leafSchema(field, type), repetition_type: 'REQUIRED' })),
]

function leafSchema(name: string, type: Leaf): SchemaElement {
  return type === 'STRING' ? { name, type: 'BYTE_ARRAY', converted_type: 'UTF8' } : { name, type }
}

const schemaOf = (columns: readonly Column[]): SchemaElement[] => [
  { name: 'rollouts', num_children: columns.length },
  ...columns.flatMap(({ name, type, list, nullable, fields }) =>
    list
      ? listSchema(name, type)
      : fields
        ? structSchema(name, type, fields)
        : [{ ...leafSchema(name, type), repetition_type: nullable ? ('OPTIONAL' as const) : ('REQUIRED' as const) }],
  ),
]

/** The bytes of rollouts/step-NNNNNN.parquet. */
export function rolloutParquet(rows: readonly GradedCompletion[], step: number): Uint8Array {
  const credit = rows.some(({ tokenCredit }) => tokenCredit) ? creditColumns : []
  const present = [...columns, ...credit, ...resultColumns(rows)]
  const writer = new ByteWriter()
  parquetWrite({
    writer,
    schema: schemaOf(present),
    columnData: present.map(({ name, list, value }) => ({
      name,
      data: rows.map((row) => {
        const cell = value(row, step)
        return list && ArrayBuffer.isView(cell) ? Array.from(cell as Int32Array | Float32Array) : cell
      }),
    })),
    createdBy: 'isentrope',
  })
  return writer.getBytes()
}
