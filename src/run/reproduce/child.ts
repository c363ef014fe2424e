/** The process of one training run: told its recipe over the channel to its parent, and gone when that is gone. */
import { existsSync } from 'node:fs'
import type { Recipe } from '../../recipe/schema.js'
import { runPaths } from '../store/run-directory.js'
import { train } from '../train/train.js'

export interface ChildTask {
  recipe: Recipe
  directory: string
}

/** What the parent sends. */
export type ToChild = { type: 'train'; task: ChildTask } | { type: 'stop' }

/** What the child sends. */
export type FromChild =
  | { type: 'step'; step: number }
  | { type: 'done'; interrupted: boolean }
  | { type: 'failed'; message: string }

const stop = new AbortController()
const send = (message: FromChild, then = () => {}) => process.send?.(message, then)

// A terminal's Ctrl-C reaches every process of its group; when to stop is the parent's to say.
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
// A run that nobody waits for would hold its directory against the next start. It resumes from its last checkpoint.
process.on('disconnect', () => process.exit(1))
process.on('message', (message: ToChild) => {
  if (message.type === 'stop') stop.abort()
  else void work(message.task)
})

async function work({ recipe, directory }: ChildTask): Promise<void> {
  try {
    const { interrupted } = await train(recipe, {
      runDirectory: directory,
      resume: existsSync(runPaths(directory).config),
      signal: stop.signal,
      onStart: ({ step }) => send({ type: 'step', step }),
      onEvent: (event) => {
        if (event.type === 'step') send({ type: 'step', step: event.metrics.step })
      },
    })
    send({ type: 'done', interrupted }, () => process.exit(0))
  } catch (error) {
    send({ type: 'failed', message: error instanceof Error ? error.message : String(error) }, () => process.exit(0))
  }
}
