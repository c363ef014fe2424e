/** A directory that `data prepare` or `filter` wrote, as a task: its training problems and those held out. */

import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { UserError } from '../base/errors.js'
import { parseJson } from '../base/json.js'
import { boxedInstruction, sources } from './data/catalogue.js'
import { asPrompt, asText } from './data/columns.js'
import { readProblems } from './data/problems.js'
import { streamRows } from './data/rows.js'
import { answerRules, gradeAnswer } from './grade-answer.js'
import { toExample } from './sources.js'
import { parseSpec, type TaskContext, type TaskSpec } from './spec.js'
import type { Example, Split, Task } from './types.js'

/** What every manifest says, whoever wrote it. */
export const manifestSchema = z.looseObject({
  format: z.literal(1),
  source: z.looseObject({ name: z.string() }),
  /** Parquet files of problems in the directory; no `train`: the problems cannot be graded by their answers. */
  files: z.looseObject({ train: z.string().optional(), eval: z.string().optional() }),
  /** `complete`: the prompts stand as the policy is to see them; graded as their own task did. */
  task: z
    .object({ complete: z.literal(true), grader: z.enum(answerRules).optional(), requireStop: z.boolean().optional() })
    .optional(),
})

export const manifestName = 'manifest.json'

export const preparedSchema = z
  .object({
    instruction: z.string().optional().describe("text after the problem; default: the source's"),
    grader: z
      .enum(answerRules)
      .optional()
      .describe('how the final answer is compared; default: as measured, else math'),
    requireStop: z
      .boolean()
      .optional()
      .describe('reward only completions that the policy ended by itself; default: as measured, else true'),
    chat: z.boolean().default(true).describe('problems become chats of one user message; false: plain text'),
  })
  .describe('a directory that `data prepare` or `filter` wrote')

export const isPrepared = (directory: string): boolean => existsSync(join(directory, manifestName))

/** @throws UserError for a manifest or files that are not what was written. */
export async function preparedTask(spec: TaskSpec, context: TaskContext): Promise<Task> {
  const directory = resolve(context.baseDirectory, spec.name)
  const options = parseSpec(preparedSchema, spec)
  const { source, files, task } = readManifest(directory)
  if (files.train === undefined) {
    throw new UserError(`${directory}: its problems cannot be graded without the task that they were filtered from`, {
      hint: `Name that task, with the rates: task: { name: ${source.name}, passRates: { path: ${spec.name} } }.`,
    })
  }
  const grader = options.grader ?? task?.grader ?? 'math'
  const requireStop = options.requireStop ?? task?.requireStop ?? true
  const instruction = options.instruction ?? sources[source.name]?.instruction ?? boxedInstruction
  if (task?.complete && options.instruction !== undefined) {
    throw new UserError(`task ${spec.name}: its prompts hold their instruction already`, {
      hint: "Leave 'instruction' out.",
    })
  }
  const read = (file: string | undefined): Promise<Example[]> => {
    if (file === undefined) return Promise.resolve([])
    const path = join(directory, file)
    return task?.complete ? readComplete(path) : readBare(path, { instruction, chat: options.chat })
  }
  const examples: Record<Split, Example[]> = { train: await read(files.train), eval: await read(files.eval) }
  return {
    name: spec.name,
    prompts: (_, split) => examples[split],
    grade: (completion, example, info) => gradeAnswer(completion, example.answer!, info, { rule: grader, requireStop }),
  }
}

async function readBare(path: string, asked: { instruction: string; chat: boolean }): Promise<Example[]> {
  const examples: Example[] = []
  for await (const { problem } of readProblems(path)) examples.push(toExample(problem, asked))
  return examples
}

async function readComplete(path: string): Promise<Example[]> {
  const examples: Example[] = []
  for await (const { id, prompt, answer } of streamRows(path)) {
    const where = `${path}, row ${examples.length + 1}`
    examples.push({
      id: asText(id, `${where}, id`),
      prompt: asPrompt(prompt, where),
      answer: asText(answer, `${where}, answer`),
    })
  }
  return examples
}

function readManifest(directory: string): z.output<typeof manifestSchema> {
  const path = join(directory, manifestName)
  try {
    return manifestSchema.parse(parseJson(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw new UserError(`${path}: not a manifest of prepared data: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    })
  }
}
