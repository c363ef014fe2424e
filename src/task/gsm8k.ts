import { resolve } from 'node:path'
import { z } from 'zod'
import { UserError } from '../base/errors.js'
import { listed } from '../base/shown.js'
import { sources } from './data/catalogue.js'
import { locateSource } from './data/locate.js'
import { type Row, readRows } from './data/rows.js'
import { answerRules, gradeAnswer } from './grade-answer.js'
import { parseSpec, type TaskContext, type TaskSpec } from './spec.js'
import type { Example, Task } from './types.js'

/** The text after the question, where the recipe gives none. */
export const gsm8kInstruction = sources.gsm8k!.instruction

export const gsm8kSchema = z
  .object({
    path: z.string().optional().describe('local file with the train split (default: the hub, openai/gsm8k)'),
    evalPath: z
      .string()
      .optional()
      .describe('local file with the test split (default: the hub, where path is not given)'),
    revision: z.string().default('main').describe('revision of the data set on the hub'),
    instruction: z.string().default(gsm8kInstruction).describe('text after the question'),
    maxSteps: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe(
        'the easier part: only problems whose reference solution notes 1 to this many calculations, `<<48/2=24>>` each',
      ),
    maxNumber: z
      .number()
      .positive()
      .optional()
      .describe(
        'the easier part: only problems whose noted calculations, of which there is one at least, hold no larger number',
      ),
    grader: z.enum(answerRules).default('math').describe('how the final answer is compared'),
    requireStop: z.boolean().default(true).describe('reward only completions that the policy ended by itself'),
  })
  .describe('grade-school mathematics (Cobbe et al. 2021): the train split trains, the test split evaluates')

/** GSM8K. References are what follows `####` in the solution, thousands separators removed. */
export async function gsm8k(spec: TaskSpec, context: TaskContext): Promise<Task> {
  const options = parseSpec(gsm8kSchema, spec)
  const load = async (split: 'train' | 'eval', local: string | undefined) => {
    const path =
      local === undefined
        ? (await locateSource('gsm8k', sources.gsm8k!, split, { ...context, revision: options.revision })).files[0]!
            .local
        : resolve(context.baseDirectory, local)
    return (await readRows(path))
      .map((row, i) => toExample(row, `${split}-${i}`, `${path}, row ${i + 1}`, options))
      .filter(({ solution }) => isEasyEnough(solution as string, options))
  }
  const train = await load('train', options.path)
  const held = options.path !== undefined && options.evalPath === undefined ? [] : await load('eval', options.evalPath)
  return {
    name: spec.name,
    prompts: (_, split) => (split === 'train' ? train : held),
    grade: (completion, example, info) =>
      gradeAnswer(completion, example.answer!, info, { rule: options.grader, requireStop: options.requireStop }),
  }
}

/** Where a bound is given, a solution without a noted calculation, which may be of any length, is not easy. */
function isEasyEnough(solution: string, { maxSteps, maxNumber }: { maxSteps?: number; maxNumber?: number }): boolean {
  if (maxSteps === undefined && maxNumber === undefined) return true
  const calculations = solution.match(/<<[^<>]*>>/g) ?? []
  const numbers = calculations.flatMap((noted) => noted.replaceAll(',', '').match(/\d+\.?\d*|\.\d+/g) ?? []).map(Number)
  return (
    calculations.length >= 1 &&
    calculations.length <= (maxSteps ?? Infinity) &&
    numbers.every((number) => number <= (maxNumber ?? Infinity))
  )
}

function toExample(row: Row, id: string, where: string, { instruction }: { instruction: string }): Example {
  const { question, answer } = row
  if (typeof question !== 'string' || typeof answer !== 'string') {
    throw new UserError(`${where}: not a GSM8K row: it needs the texts 'question' and 'answer'`, {
      hint: `Its columns: ${listed(Object.keys(row))}. For other data use the task jsonl.`,
    })
  }
  const mark = answer.lastIndexOf('####')
  if (mark < 0) throw new UserError(`${where}: the answer has no '####'`)
  const content = instruction === '' ? question : `${question}\n\n${instruction}`
  return {
    id,
    prompt: [{ role: 'user', content }],
    answer: answer
      .slice(mark + 4)
      .trim()
      .replaceAll(',', ''),
    solution: answer,
  }
}
