/** `merge`: a model with an adapter's products added to its weights, saved as a model of its own. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { Failure, UserError } from '../base/errors.js'
import { makeDirectory } from '../base/make-directory.js'
import { statAt } from '../model/file.js'
import { startThread } from '../torch/thread.js'
import type { MergeInit, MergeProgress, MergeResult } from './merge-service.js'
import { openModelWithProgress } from './model-thread.js'

export interface MergeOptions {
  /** Element type of the saved weights. Default: that of the base model's files (float32 for GGUF). */
  dtype?: 'float32' | 'bfloat16' | 'float16'
  threads?: number
  onProgress?: (progress: MergeProgress) => void
}

/**
 * Writes `model` (by default the base that the adapter names) with `adapter` (a PEFT directory or a hub id) merged into `directory`, a Hugging Face model directory:
 * W + s B A in float32, rounded once. One tensor is in memory at a time.
 * @throws UserError for a model or adapter that cannot be had, and a directory that is not empty or cannot be made
 */
export async function mergeAdapter(
  model: string | undefined,
  adapter: string,
  directory: string,
  options: MergeOptions = {},
): Promise<MergeResult> {
  if (statAt(directory)?.isFile()) {
    throw new UserError(`${directory} is a file`, { hint: 'name a directory that does not exist yet' })
  }
  if (existsSync(directory) && readdirSync(directory).length > 0) {
    throw new UserError(`${directory} is not empty`, { hint: 'name a directory that does not exist yet' })
  }
  const existed = existsSync(directory)
  // An adapter's own directory opens as its base with it.
  const opened =
    model === undefined ? await openModelWithProgress(adapter) : await openModelWithProgress(model, adapter)
  opened.tensors.close()
  if (opened.adapter === undefined) {
    throw new UserError(`${adapter} is not a PEFT adapter`, { hint: 'it is a whole model, which needs no merging' })
  }
  openPlace(directory)
  const init: MergeInit = { path: opened.path, adapter: opened.adapter }
  const thread = await startThread(new URL('./merge-worker.js', import.meta.url).href, init, options)
  try {
    const call = { directory: resolve(directory), dtype: options.dtype }
    return await thread.call<MergeResult>('merge', call, options.onProgress as (event: never) => void)
  } catch (error) {
    if (!existed) rmSync(directory, { recursive: true, force: true })
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC') throw new Failure(`${directory}: no space left on the disk`, { cause: error })
    throw error
  } finally {
    await thread.close()
  }
}

/** Before the work, which takes its time. */
function openPlace(directory: string): void {
  try {
    makeDirectory(directory)
  } catch (cause) {
    throw new UserError(`${directory} cannot be made (${(cause as NodeJS.ErrnoException).code})`, {
      hint: 'name a directory that does not exist yet, in one that may be written to',
      cause,
    })
  }
}
