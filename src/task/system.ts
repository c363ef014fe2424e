import { UserError } from '../base/errors.js'
import type { Example, Task } from './types.js'

/** The same task with a system message before every problem's chat; a chat with one of its own keeps that. */
export function withSystem<E extends Example>(task: Task<E>, system: string): Task<E> {
  const change = (example: E): E => {
    if (typeof example.prompt === 'string') {
      throw new UserError(`task ${task.name}: 'system' needs prompts in chat form; these are plain text`)
    }
    if (example.prompt.some(({ role }) => role === 'system')) return example
    return { ...example, prompt: [{ role: 'system', content: system }, ...example.prompt] }
  }
  return changeExamples(task, change)
}

/** The same task with every example changed as it is given. */
export function changeExamples<E extends Example>(task: Task<E>, change: (example: E) => E): Task<E> {
  return {
    ...task,
    prompts(rng, split) {
      const source = task.prompts(rng, split)
      if (Array.isArray(source)) return source.map(change)
      return Symbol.iterator in source ? mapSync(source, change) : mapAsync(source, change)
    },
  }
}

function* mapSync<E>(source: Iterable<E>, change: (example: E) => E): Generator<E> {
  for (const example of source) yield change(example)
}

async function* mapAsync<E>(source: AsyncIterable<E>, change: (example: E) => E): AsyncGenerator<E> {
  for await (const example of source) yield change(example)
}
