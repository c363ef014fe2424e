/**
 * One engine per thread: the loaded library, and the state every tensor call needs. Grad mode and error texts are
 * thread-local in LibTorch, so all calls of one engine stay on one thread; training runs it in a worker.
 */
import type { TorchInstall } from './install/index.js'
import { loadNative, type Native } from './native.js'

let current: Native | undefined

/** Environment that must stand before LibTorch is first loaded, in the main thread (a worker's copy is not seen). */
export function prepareEnvironment(threads?: number): void {
  const count = threads === undefined ? undefined : String(threads)
  if (count !== undefined) {
    process.env.OMP_NUM_THREADS = count
    process.env.MKL_NUM_THREADS = count
  }
  // The same number of threads for every product: results then depend on the inputs alone.
  process.env.MKL_DYNAMIC = 'FALSE'
  // Threads that wait for work sleep. Spinning gains nothing measurable here, and when anything else runs on the machine
  // it holds the cores that the work itself waits for: a step then takes five times as long.
  process.env.OMP_WAIT_POLICY ??= 'passive'
  // Large blocks on huge pages: a fresh activation of 50 MB costs 25 page faults instead of 12,000.
  process.env.THP_MEM_ALLOC_ENABLE ??= '1'
  // oneDNN, which computes half precision on the CPU, keeps something for every shape that it has met, and every micro-batch
  // has its own number of tokens. By its own limit of 1024 a run grows by half a gigabyte and is no faster.
  process.env.ONEDNN_PRIMITIVE_CACHE_CAPACITY ??= '128'
  // cuDNN's attention last. LibTorch prefers it on Hopper and Blackwell in half precision, but it plans anew for every shape,
  // in tenths of a second, and the keys of a decoding step are one more each time.
  process.env.TORCH_CUDNN_SDPA_DEPRIORITIZED ??= '1'
}

/** Loads LibTorch on this thread, once. */
export function startEngine(install: TorchInstall): Native {
  current ??= loadNative(install)
  return current
}

export function native(): Native {
  if (!current) throw new Error('the engine has not been started on this thread: call startEngine first')
  return current
}

export const engineStarted = (): boolean => current !== undefined
