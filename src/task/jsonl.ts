import { resolve } from 'node:path'
import { z } from 'zod'
import { UserError } from '../base/errors.js'
import type { ChatMessage } from '../model/types.js'
import { answerColumns, asPrompt, asText, chooseColumn, column, promptColumns } from './data/columns.js'
import { type HubSplit, hubSplit, hubSplitNames } from './data/hub-files.js'
import { type Row, readRows, streamRows } from './data/rows.js'
import { answerRules, gradeAnswer } from './grade-answer.js'
import { parseSpec, type TaskContext, type TaskSpec } from './spec.js'
import { isHeldOut } from './split.js'
import { messageText, plainTemplate, templateKey } from './template.js'
import type { Example, Task } from './types.js'

export const jsonlSchema = z
  .object({
    path: z.string().describe('JSON lines, JSON array, CSV or Parquet file with the training problems'),
    evalPath: z
      .string()
      .optional()
      .describe('file with the held-out problems, which leave the training ones; without it evalShare decides'),
    evalShare: z.number().min(0).max(0.9).default(0).describe('share of path held out, by a hash of the prompt'),
    prompt: z
      .string()
      .optional()
      .describe(`column of the prompt; default: the first of ${promptColumns.join(', ')}`),
    answer: z
      .string()
      .optional()
      .describe(`column of the answer; default: the first of ${answerColumns.join(', ')}`),
    id: z.string().optional().describe("column of the problem's identity; default: the row's number"),
    template: templateKey
      .default(plainTemplate)
      .describe(
        "text of the user message; {prompt} stands for the prompt. An object: variables of the model's chat template",
      ),
    message: z.string().optional().describe('text of the user message where `template` holds variables'),
    chat: z.boolean().default(true).describe('a text prompt becomes a chat of one user message'),
    grader: z.enum(answerRules).default('math').describe('how the final answer is compared'),
    requireStop: z.boolean().default(true).describe('reward only completions that the policy ended by itself'),
  })
  .describe('problems with reference answers from a file')

export type JsonlOptions = z.output<typeof jsonlSchema>
type RowOptions = Omit<JsonlOptions, 'path' | 'evalPath'>

/** The keys of a hub data set that the catalogue does not know: a file's, and where in the set to look. */
export const hubTaskSchema = jsonlSchema
  .omit({ path: true, evalPath: true })
  .extend({
    config: z.string().optional().describe('configuration of the set; default: its only one'),
    split: z.string().default('train').describe('split that trains'),
    evalSplit: z
      .string()
      .optional()
      .describe(
        'split that evaluates, whose problems leave the training ones; default: test or validation, where there is one',
      ),
    revision: z.string().default('main').describe('branch, tag or commit'),
  })
  .describe('a data set of the hub')

/** `owner/name` of a hub: its rows, as {@link jsonl} takes a file's. */
export async function hubTask(spec: TaskSpec, context: TaskContext): Promise<Task> {
  const options = parseSpec(hubTaskSchema, spec)
  const { config, revision, split } = options
  const place = { repository: spec.name, config, revision, fetch: context.fetch }
  const evalSplit = options.evalSplit ?? (options.evalShare > 0 ? undefined : await usualEvalSplit(place))
  const read = async (part: string) => {
    const { files } = await hubSplit({ ...place, split: part })
    const rows: Row[] = []
    for (const { local } of files) for await (const row of streamRows(local)) rows.push(row)
    return toExamples(rows, `${spec.name}, ${part}`, options)
  }
  const all = await read(split)
  const given = evalSplit === undefined ? undefined : await read(evalSplit)
  return rowsTask(spec.name, all, given, { ...options, sameOnPurpose: evalSplit === split })
}

/** Problems with reference answers from a file of the user's; reward 1 where the final answer is right, else 0. */
export async function jsonl(spec: TaskSpec, context: TaskContext): Promise<Task> {
  const options = parseSpec(jsonlSchema, spec)
  const read = async (file: string) => {
    const path = resolve(context.baseDirectory, file)
    return toExamples(await readRows(path), path, options)
  }
  const all = await read(options.path)
  const given = options.evalPath === undefined ? undefined : await read(options.evalPath)
  return rowsTask(spec.name, all, given, { ...options, sameOnPurpose: options.evalPath === options.path })
}

/** The split that data sets are evaluated on, where this one has it. */
async function usualEvalSplit(place: Omit<HubSplit, 'split'>): Promise<string | undefined> {
  const names = await hubSplitNames(place)
  return ['test', 'validation'].find((name) => names.includes(name))
}

/** `given`: the problems to evaluate on; undefined: a share of `all`. */
function rowsTask(
  name: string,
  all: Example[],
  given: Example[] | undefined,
  options: RowOptions & { sameOnPurpose: boolean },
): Task {
  const held = given ?? all.filter((example) => isHeldOut(promptText(example.prompt), options.evalShare))
  // What is evaluated is not trained on, duplicates included; one file for both says that it is meant to be.
  const heldPrompts = new Set(options.sameOnPurpose ? [] : held.map(({ prompt }) => promptText(prompt)))
  const train = all.filter(({ prompt }) => !heldPrompts.has(promptText(prompt)))
  return {
    name,
    prompts: (_, split) => (split === 'train' ? train : held),
    grade: (completion, example, info) =>
      gradeAnswer(completion, example.answer!, info, { rule: options.grader, requireStop: options.requireStop }),
  }
}

function promptText(prompt: string | ChatMessage[]): string {
  return typeof prompt === 'string' ? prompt : prompt.map(({ role, content }) => `${role}\n${content}`).join('\n')
}

function toExamples(rows: readonly Row[], path: string, options: RowOptions): Example[] {
  if (rows.length === 0) throw new UserError(`${path}: has no rows`)
  return rows.map((row, i) => {
    const where = `${path}, row ${i + 1}`
    const promptColumn = chooseColumn(row, options.prompt, promptColumns, where)
    const answerColumn = chooseColumn(row, options.answer, answerColumns, where)
    const prompt = asPrompt(column(row, promptColumn), `${where}, ${promptColumn}`)
    const answer = asText(column(row, answerColumn), `${where}, ${answerColumn}`)
    if (answer.trim() === '') throw new UserError(`${where}: '${answerColumn}' is empty`)
    const id = options.id === undefined ? String(i) : asText(column(row, options.id), `${where}, ${options.id}`)
    return { id, prompt: render(prompt, options), answer }
  })
}

function render(prompt: string | ChatMessage[], { chat, ...keys }: RowOptions): string | ChatMessage[] {
  if (typeof prompt !== 'string') return prompt
  const content = messageText(keys).replaceAll('{prompt}', () => prompt)
  return chat ? [{ role: 'user', content }] : content
}
