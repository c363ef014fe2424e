/** Problems as Parquet: a row each, columns that every reader of this package and others recognise. */
import type { SchemaElement } from 'hyparquet'
import { ByteWriter, parquetWrite } from 'hyparquet-writer'
import { type Problem, problemId } from './problems.js'

type Leaf = 'INT32' | 'DOUBLE' | 'STRING'

interface Column {
  name: string
  type: Leaf
  nullable?: boolean
  data: readonly unknown[]
}

const leaf = ({ name, type, nullable }: Omit<Column, 'data'>): SchemaElement => ({
  name,
  ...(type === 'STRING' ? { type: 'BYTE_ARRAY', converted_type: 'UTF8' } : { type }),
  repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED',
})

const text = (name: string): SchemaElement => leaf({ name, type: 'STRING' })

/** A list of {role, content}. */
const chatSchema: SchemaElement[] = [
  {
    name: 'prompt',
    repetition_type: 'REQUIRED',
    num_children: 1,
    converted_type: 'LIST',
    logical_type: { type: 'LIST' },
  },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', repetition_type: 'REQUIRED', num_children: 2 },
  text('role'),
  text('content'),
]

/**
 * The bytes of a Parquet file: id, problem, answer; solution where any problem has one; prompt (a chat) where any
 * problem is more than one message; then `extra`, a value a problem.
 */
export function problemsParquet(problems: readonly Problem[], extra: readonly Column[] = []): Uint8Array {
  const columns: Column[] = [
    { name: 'id', type: 'STRING', data: problems.map(({ key }) => problemId(key)) },
    { name: 'problem', type: 'STRING', data: problems.map((problem) => problem.text) },
    { name: 'answer', type: 'STRING', data: problems.map(({ answer }) => answer) },
    ...(problems.some(({ solution }) => solution !== undefined)
      ? [
          {
            name: 'solution',
            type: 'STRING',
            nullable: true,
            data: problems.map((each) => each.solution ?? null),
          } as const,
        ]
      : []),
    ...extra,
  ]
  const chats = problems.some(({ prompt }) => typeof prompt !== 'string')
  const writer = new ByteWriter()
  parquetWrite({
    writer,
    schema: [
      { name: 'problems', num_children: columns.length + (chats ? 1 : 0) },
      ...columns.map(leaf),
      ...(chats ? chatSchema : []),
    ],
    columnData: [
      ...columns.map(({ name, data }) => ({ name, data: [...data] })),
      ...(chats ? [{ name: 'prompt', data: problems.map(asChat) }] : []),
    ],
    createdBy: 'isentrope',
  })
  return writer.getBytes()
}

const asChat = ({ prompt }: Problem) => (typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt)
