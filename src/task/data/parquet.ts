/** Tables as Parquet: any rows, and problems with the columns that every reader of this package and others recognize. */
import type { SchemaElement } from 'hyparquet'
import { ByteWriter, parquetWrite } from 'hyparquet-writer'
import type { ChatMessage } from '../../model/types.js'
import { type Problem, problemId } from './problems.js'

export interface Column<T> {
  name: string
  type: 'INT32' | 'DOUBLE' | 'BOOLEAN' | 'STRING'
  nullable?: boolean
  value(row: T): unknown
}

function leaf({ name, type, nullable }: Pick<Column<unknown>, 'name' | 'type' | 'nullable'>): SchemaElement {
  return {
    name,
    ...(type === 'STRING' ? { type: 'BYTE_ARRAY', converted_type: 'UTF8' } : { type }),
    repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED',
  }
}

/** `prompt`: a list of {role, content}. */
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
  leaf({ name: 'role', type: 'STRING' }),
  leaf({ name: 'content', type: 'STRING' }),
]

/** The bytes of a Parquet file; `prompts`, text or chats, become a last column of that name. `root` names the schema. */
export function tableParquet<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  { prompts, root = 'rows' }: { prompts?: readonly (string | readonly ChatMessage[])[]; root?: string } = {},
): Uint8Array {
  const chats = prompts?.some((prompt) => typeof prompt !== 'string')
  const promptSchema = prompts === undefined ? [] : chats ? chatSchema : [leaf({ name: 'prompt', type: 'STRING' })]
  const asChat = (prompt: string | readonly ChatMessage[]) =>
    typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt
  const writer = new ByteWriter()
  parquetWrite({
    writer,
    schema: [{ name: root, num_children: columns.length + (prompts ? 1 : 0) }, ...columns.map(leaf), ...promptSchema],
    columnData: [
      ...columns.map(({ name, value }) => ({ name, data: rows.map(value) })),
      ...(prompts ? [{ name: 'prompt', data: chats ? prompts.map(asChat) : [...prompts] }] : []),
    ],
    createdBy: 'isentrope',
  })
  return writer.getBytes()
}

/** id, problem, answer; solution where any problem has one; prompt where any is a chat of several messages. */
export function problemsParquet(problems: readonly Problem[]): Uint8Array {
  const columns: Column<Problem>[] = [
    { name: 'id', type: 'STRING', value: ({ key }) => problemId(key) },
    { name: 'problem', type: 'STRING', value: ({ text }) => text },
    { name: 'answer', type: 'STRING', value: ({ answer }) => answer },
  ]
  if (problems.some(({ solution }) => solution !== undefined)) {
    columns.push({ name: 'solution', type: 'STRING', nullable: true, value: ({ solution }) => solution ?? null })
  }
  const chats = problems.some(({ prompt }) => typeof prompt !== 'string')
  return tableParquet(problems, columns, chats ? { prompts: problems.map(({ prompt }) => prompt) } : {})
}
