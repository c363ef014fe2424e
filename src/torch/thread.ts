/**
 * The engine's thread. LibTorch's calls block, and its grad mode and error texts belong to one thread; so an object
 * that owns tensors lives in a worker and is called by messages, while the main thread stays free for progress,
 * signals, graders and files. One call at a time; arguments and results are structured clones.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { Failure, UserError } from '../base/errors.js'
import { prepareEnvironment, startEngine } from './engine.js'
import { ensureTorchWithProgress, type TorchInstall } from './install/index.js'

interface Request {
  id: number
  method: string
  argument: unknown
}

type Reply =
  | { id: number; kind: 'event'; value: unknown }
  | { id: number; kind: 'result'; value: unknown }
  | { id: number; kind: 'error'; error: SentError }

/** Errors lose their class on the way between threads. */
interface SentError {
  name: string
  message: string
  stack?: string
  hint?: string
  /** Of a system call: ENOSPC. */
  code?: string
  /** What the cause says, for those who ask for all. */
  cause?: string
}

/** What a method of the hosted object may do while it runs. */
export interface CallContext {
  /** Sends an event to the caller. */
  emit(event: unknown): void
  /** True once the caller wants the call to end early; poll it between pieces of work. */
  cancelled(): boolean
}

export type Hosted = Record<string, (argument: never, context: CallContext) => unknown>

export interface EngineThread {
  readonly install: TorchInstall
  call<R>(method: string, argument: unknown, onEvent?: (event: never) => void): Promise<R>
  /** Asks the running call to end early. */
  cancel(): void
  close(): Promise<void>
}

interface ThreadData {
  install: TorchInstall
  init: unknown
  cancelFlag: SharedArrayBuffer
}

/** Asks a thread of its own, which ends with the answer, for one call of what its module serves. */
export async function askThread<Result>(
  entry: string,
  method: string,
  argument: unknown,
  options: { threads?: number } = {},
): Promise<Result> {
  const thread = await startThread(entry, undefined, options)
  try {
    return await thread.call<Result>(method, argument)
  } finally {
    await thread.close()
  }
}

/**
 * Starts the worker whose compiled module `entry` calls {@link serve}. `threads` bounds LibTorch's own threads and can
 * be set once per process, before LibTorch is first loaded.
 */
export async function startThread(
  entry: string,
  init: unknown,
  options: { threads?: number } = {},
): Promise<EngineThread> {
  prepareEnvironment(options.threads)
  const install = await ensureTorchWithProgress()
  const cancelFlag = new SharedArrayBuffer(4)
  const flag = new Int32Array(cancelFlag)
  const data: ThreadData = { install, init, cancelFlag }
  const worker = new Worker(compiled(entry), { workerData: data })
  const pending = new Map<
    number,
    {
      resolve: (value: never) => void
      reject: (error: Error) => void
      onEvent?: (event: never) => void
      result?: Promise<unknown>
    }
  >()
  let nextId = 0
  let ended: Error | undefined
  const end = (error: Error) => {
    ended ??= error
    for (const { reject } of pending.values()) reject(ended)
    pending.clear()
  }
  worker.on('message', (reply: Reply) => {
    const call = pending.get(reply.id)
    if (!call) return
    if (reply.kind === 'event') return call.onEvent?.(reply.value as never)
    pending.delete(reply.id)
    if (reply.kind === 'result') call.resolve(reply.value as never)
    else call.reject(received(reply.error))
  })
  worker.on('error', end)
  worker.on('exit', (code) => end(new Error(`the engine's thread ended (code ${code})`)))

  const call = <R>(method: string, argument: unknown, onEvent?: (event: never) => void): Promise<R> => {
    if (ended) return Promise.reject(ended)
    Atomics.store(flag, 0, 0)
    const id = nextId++
    const result = new Promise<R>((resolve, reject) => {
      pending.set(id, { resolve, reject, onEvent })
      worker.postMessage({ id, method, argument } satisfies Request)
    })
    pending.get(id)!.result = result
    return result
  }
  const thread: EngineThread = {
    install,
    call,
    cancel: () => {
      Atomics.store(flag, 0, 1)
    },
    async close() {
      Atomics.store(flag, 0, 1)
      worker.removeAllListeners('exit')
      // Whoever closes may have given up waiting for a call: then nobody else hears of its end.
      for (const { result } of pending.values()) result?.catch(() => {})
      end(new Error("the engine's thread has been closed"))
      await worker.terminate()
    },
  }
  try {
    // The object is made by the first message, so that what its construction throws reaches the caller.
    await call('', undefined)
  } catch (error) {
    await thread.close()
    throw error
  }
  return thread
}

/** In the worker: loads LibTorch, makes the object, and answers calls of its methods. */
export function serve(create: (init: never) => object): void {
  const { install, init, cancelFlag } = workerData as ThreadData
  const flag = new Int32Array(cancelFlag)
  const port = parentPort!
  const send = (reply: Reply) => port.postMessage(reply)
  let hosted: Hosted | undefined
  port.on('message', async ({ id, method, argument }: Request) => {
    try {
      if (!hosted) {
        startEngine(install)
        hosted = create(init as never) as Hosted
        return send({ id, kind: 'result', value: undefined })
      }
      const context: CallContext = {
        emit: (value) => send({ id, kind: 'event', value }),
        cancelled: () => Atomics.load(flag, 0) === 1,
      }
      send({ id, kind: 'result', value: await hosted[method](argument as never, context) })
    } catch (error) {
      send({ id, kind: 'error', error: sent(error) })
    }
  })
}

function sent(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, stack, cause } = error
  const hint = error instanceof UserError || error instanceof Failure ? error.hint : undefined
  return {
    name,
    message,
    stack,
    hint,
    code: (error as NodeJS.ErrnoException).code,
    cause: cause === undefined ? undefined : String(cause),
  }
}

function received({ name, message, stack, hint, code, cause }: SentError): Error {
  const Kind = name === 'UserError' ? UserError : name === 'Failure' ? Failure : undefined
  const error = Kind ? new Kind(message, { hint }) : new Error(message)
  if (cause !== undefined) error.cause = new Error(cause)
  error.name = name
  if (code !== undefined) Object.assign(error, { code })
  if (stack) error.stack = stack
  return error
}

/** Sources run by a test runner: a worker loads compiled files only. */
export function compiled(entry: string): URL {
  const path = fileURLToPath(entry)
  if (!path.endsWith('.ts') && existsSync(path)) return pathToFileURL(path)
  const built = path.replace(/\.ts$/, '.js').replace(/([\\/])src([\\/])(?!.*[\\/]src[\\/])/, '$1dist$2')
  if (!existsSync(built)) throw new Error(`${built} does not exist: build the project first (npm run build)`)
  return pathToFileURL(built)
}
