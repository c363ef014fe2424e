/** A directory that `data prepare` or `filter` wrote, as a task: its training problems and those held out. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { UserError } from '../config/errors.js'
import { boxedInstruction, sources } from './data/catalogue.js'
import { readProblems } from './data/problems.js'
import { answerRules, gradeAnswer } from './grade-answer.js'
import { toExample } from './sources.js'
import { parseSpec, type TaskContext, type TaskSpec } from './spec.js'
import type { Example, Split, Task } from './types.js'

/** What every manifest says, whoever wrote it. */
export const manifestSchema = z.looseObject({
  format: z.literal(1),
  source: z.looseObject({ name: z.string() }),
  /** Parquet files of problems in the directory. */
  files: z.object({ train: z.string(), eval: z.string().optional() }),
})

export const manifestName = 'manifest.json'

export const preparedSchema = z
  .object({
    instruction: z.string().optional().describe("text after the problem; default: the source's"),
    grader: z.enum(answerRules).default('math').describe('how the final answer is compared'),
    requireStop: z.boolean().default(true).describe('reward only completions that the policy ended by itself'),
  })
  .describe('a directory that `data prepare` or `filter` wrote')

export const isPrepared = (directory: string): boolean => existsSync(join(directory, manifestName))

/** @throws UserError for a manifest or files that are not what was written. */
export async function preparedTask(spec: TaskSpec, context: TaskContext): Promise<Task> {
  const directory = resolve(context.baseDirectory, spec.name)
  const options = parseSpec(preparedSchema, spec)
  const { source, files } = readManifest(directory)
  const instruction = options.instruction ?? sources[source.name]?.instruction ?? boxedInstruction
  const read = async (file: string | undefined): Promise<Example[]> => {
    const examples: Example[] = []
    if (file === undefined) return examples
    for await (const { problem } of readProblems(join(directory, file))) examples.push(toExample(problem, instruction))
    return examples
  }
  const examples: Record<Split, Example[]> = { train: await read(files.train), eval: await read(files.eval) }
  return {
    name: spec.name,
    prompts: (_, split) => examples[split],
    grade: (completion, example, info) =>
      gradeAnswer(completion, example.answer!, info, { rule: options.grader, requireStop: options.requireStop }),
  }
}

function readManifest(directory: string): z.output<typeof manifestSchema> {
  const path = join(directory, manifestName)
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw new UserError(`${path}: not a manifest of prepared data: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    })
  }
}
