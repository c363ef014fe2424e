/** The examples of a supervised recipe's `data` section: from files or the hub, or from a task whose problems have solutions. */
import { UserError } from '../base/errors.js'
import { rngFrom } from '../base/philox.js'
import { locateData, type Part } from './data/locate.js'
import { streamRows } from './data/rows.js'
import { loadTask } from './registry.js'
import type { SftContent, SftExample } from './sft-example.js'
import { toSftExample, withoutCalculations } from './sft-rows.js'
import type { SftDataSection } from './sft-section.js'
import { isHeldOut } from './split.js'
import { messageText, variablesOf } from './template.js'
import type { Example, Split, Task } from './types.js'

export interface SftData {
  train: SftExample[]
  validation: SftExample[]
}

interface SourceOptions {
  /** Where relative paths start; default: the current directory. */
  baseDirectory?: string
  fetch?: typeof fetch
}

/**
 * All examples in the data's order. Validation examples never are training examples, duplicates of their prompts
 * included.
 * @throws UserError for a source that cannot be had, and for the first row that holds nothing to learn.
 */
export async function loadSftData(data: SftDataSection, options: SourceOptions = {}): Promise<SftData> {
  const source = data.task === undefined ? await fromFiles(data, options) : await fromTask(data.task, options)
  const variables = variablesOf(data)
  const change = (example: SftExample): SftExample =>
    variables === undefined
      ? example
      : { ...example, templateVariables: { ...example.templateVariables, ...variables } }
  const [train, given] = [source.train.map(change), source.given.map(change)]
  const validation = given.length > 0 ? given : train.filter((example) => isHeldOut(promptOf(example), data.evalShare))
  const held = new Set(validation.map(promptOf))
  const rest = train.filter((example) => !held.has(promptOf(example)))
  if (rest.length === 0) throw new UserError(`${data.path ?? `task ${data.task?.name}`}: leaves no training examples`)
  return { train: rest, validation }
}

/** What an example asks: everything before its first reply. */
function promptOf(example: SftContent): string {
  if (!('messages' in example)) return example.prompt
  const first = example.messages.findIndex(({ role }) => role === 'assistant')
  return example.messages
    .slice(0, first)
    .map(({ role, content }) => `${role}\n${content}`)
    .join('\n')
}

async function fromFiles(data: SftDataSection, options: SourceOptions) {
  const { revision, config, split } = data
  const rowOptions = { ...data, template: messageText(data) }
  const read = async (name: string, part: Part) => {
    const choice = part === 'train' ? { revision, config, split } : { revision, config }
    const { files } = await locateData(name, part, { ...options, ...choice })
    const examples: SftExample[] = []
    for (const { path, local } of files) {
      let row = 0
      for await (const values of streamRows(local))
        examples.push(toSftExample(values, `${path}, row ${++row}`, rowOptions))
    }
    if (examples.length === 0) throw new UserError(`${name}: has no rows`)
    return examples
  }
  return {
    train: await read(data.path!, 'train'),
    given: data.evalPath === undefined ? [] : await read(data.evalPath, 'eval'),
  }
}

async function fromTask(entry: NonNullable<SftDataSection['task']>, options: SourceOptions) {
  const task = await loadTask(entry, options)
  return { train: toExamples(task, 'train'), given: toExamples(task, 'eval') }
}

function toExamples(task: Task, split: Split): SftExample[] {
  const problems = task.prompts(rngFrom(0), split)
  if (!Array.isArray(problems)) {
    throw new UserError(`task ${task.name}: generates its problems, so there is no set of solutions to learn from`, {
      hint: 'give a task with reference solutions (gsm8k), or a file by data.path',
    })
  }
  return (problems as Example[]).map(({ id, prompt, solution, templateVariables }) => {
    const where = `task ${task.name}, ${id}`
    if (typeof solution !== 'string' || solution === '') {
      throw new UserError(`${where}: has no solution to learn`, {
        hint: 'examples need the text `solution`; give a task with reference solutions (gsm8k), or a file by data.path',
      })
    }
    const completion = withoutCalculations(solution)
    if (typeof prompt === 'string') return { prompt, completion, where }
    const messages = [...prompt, { role: 'assistant', content: completion }]
    return { messages, where, ...(templateVariables === undefined ? {} : { templateVariables }) }
  })
}
