/** Public data sets by name as tasks: problems of mathematics with reference answers, graded by the verifier. */
import { z } from 'zod'
import { UserError } from '../base/errors.js'
import { derived, type Source, sources } from './data/catalogue.js'
import { loadDataset } from './data/dataset.js'
import { holdOut } from './data/hold-out.js'
import { type Problem, problemId } from './data/problems.js'
import { answerRules, gradeAnswer } from './grade-answer.js'
import { parseSpec, type TaskContext, type TaskSpec } from './spec.js'
import type { Example, Task } from './types.js'

const common = {
  revision: z.string().default('main').describe('revision of the data set on the hub: branch, tag or commit'),
  grader: z.enum(answerRules).default('math').describe('how the final answer is compared'),
  requireStop: z.boolean().default(true).describe('reward only completions that the policy ended by itself'),
  chat: z.boolean().default(true).describe('problems become chats of one user message; false: plain text'),
}

/** The keys of a named source's task. */
export function sourceSchema(source: Source) {
  return z
    .object({
      path: z.string().optional().describe(`local file in place of the hub's (${source.repository})`),
      instruction: z.string().default(source.instruction).describe('text after the problem'),
      holdOut: z
        .int()
        .min(0)
        .default(source.holdOut ?? 0)
        .describe('problems held out of training: the eval split'),
      holdOutSeed: z.int().min(0).default(0).describe('seed of the rule that chooses them'),
      ...common,
    })
    .describe(source.title)
}

const benchmarkKeys = {
  path: true,
  instruction: true,
  revision: true,
  grader: true,
  requireStop: true,
  chat: true,
} as const

export const isBenchmark = (source: Source): boolean => source.train === undefined

/** What a benchmark takes: there is nothing to hold out. */
const schemaOf = (source: Source) =>
  isBenchmark(source) ? sourceSchema(source).pick(benchmarkKeys).describe(source.title) : sourceSchema(source)

/** The tasks of the catalogue but GSM8K, which has one of its own. */
export const sourceTasks: Record<string, { schema: z.ZodObject; load: typeof sourceTask }> = Object.fromEntries(
  [...Object.entries(sources), ...Object.entries(derived).map(([name, whole]) => [name, sources[whole]!] as const)]
    .filter(([name]) => name !== 'gsm8k')
    .map(([name, source]) => [name, { schema: schemaOf(source), load: sourceTask }]),
)

/** @throws UserError for a source that cannot be had; a benchmark refuses to be trained on. */
export async function sourceTask(spec: TaskSpec, context: TaskContext): Promise<Task> {
  const name = derived[spec.name] ?? spec.name
  const source = sources[name]!
  const options = { holdOut: 0, holdOutSeed: 0, ...parseSpec(schemaOf(source), spec) }
  const { problems } =
    options.path === undefined
      ? await loadDataset(name, { ...context, revision: options.revision })
      : await loadDataset(options.path, context)
  const split = isBenchmark(source) ? { eval: problems, train: undefined } : holdOutOf(problems, options)
  const examples = {
    train: split.train?.map((problem) => toExample(problem, options)),
    eval: split.eval.map((problem) => toExample(problem, options)),
  }
  return {
    name: spec.name,
    prompts(_, part) {
      const chosen = spec.name in derived && part === 'train' ? undefined : examples[part]
      if (chosen !== undefined) return chosen
      throw new UserError(`task ${spec.name}: a benchmark has no problems to train on`, {
        hint: `Name it under eval.task; to train on its problems all the same, give their file as the task.`,
      })
    },
    grade: (completion, example, info) =>
      gradeAnswer(completion, example.answer!, info, { rule: options.grader, requireStop: options.requireStop }),
  }
}

function holdOutOf(problems: Problem[], { holdOut: count, holdOutSeed }: { holdOut: number; holdOutSeed: number }) {
  if (count === 0) return { train: problems, eval: [] }
  const { train, heldOut } = holdOut(problems, count, holdOutSeed)
  return { train, eval: heldOut }
}

/** The problem and the instruction, as a chat or as text; a chat of the source's own stays as it is. */
export function toExample(
  { key, prompt, answer, solution }: Problem,
  { instruction, chat }: { instruction: string; chat: boolean },
): Example {
  const ask = (text: string) => (instruction === '' ? text : `${text}\n\n${instruction}`)
  return {
    id: problemId(key),
    prompt: typeof prompt !== 'string' ? prompt : chat ? [{ role: 'user', content: ask(prompt) }] : ask(prompt),
    answer,
    solution,
  }
}
