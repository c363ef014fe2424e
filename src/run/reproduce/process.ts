/** Trains one run in a process of its own: engines share no threads that way, and a crash takes one run alone. */
import { fork } from 'node:child_process'
import { compiled } from '../../torch/thread.js'
import type { ChildTask, FromChild, ToChild } from './child.js'

export interface RunCallbacks {
  signal?: AbortSignal
  /** Steps the run has behind it. */
  onStep?: (step: number) => void
}

/** Resolves to whether the run reached its end; the signal stops it at a safe point. */
export type RunTraining = (task: ChildTask, callbacks: RunCallbacks) => Promise<{ interrupted: boolean }>

/** Lines of a crashed process that its error quotes. */
const quotedLines = 5

export const trainInProcess: RunTraining = (task, { signal, onStep }) =>
  new Promise((resolve, reject) => {
    const child = fork(compiled(new URL('./child.js', import.meta.url).href), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let last: FromChild | undefined
    let words = ''
    const tell = (message: ToChild) => child.connected && child.send(message, () => {})
    const stop = () => tell({ type: 'stop' })
    child.stderr?.on('data', (chunk) => {
      words = `${words}${chunk}`.slice(-4000)
    })
    child.on('message', (message: FromChild) => {
      if (message.type === 'step') onStep?.(message.step)
      else last = message
    })
    child.on('error', reject)
    child.on('close', (code, signalName) => {
      signal?.removeEventListener('abort', stop)
      if (last?.type === 'done') resolve({ interrupted: last.interrupted })
      else if (last?.type === 'failed') reject(new Error(last.message))
      else {
        const tail = words.trim().split('\n').slice(-quotedLines).join('\n')
        reject(new Error(`its process ended (${signalName ?? `exit code ${code}`})${tail === '' ? '' : `: ${tail}`}`))
      }
    })
    signal?.addEventListener('abort', stop)
    tell({ type: 'train', task })
    if (signal?.aborted) stop()
  })
