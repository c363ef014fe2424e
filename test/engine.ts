/** Loads LibTorch for a test file: the user's own or the cached one, fetched once where neither is there. */

import { prepareEnvironment, startEngine } from '../src/torch/index.js'
import { ensureTorch } from '../src/torch/install/index.js'

export async function startTestEngine(): Promise<void> {
  // One thread: the tests' tensors are tiny, and several files run at once.
  prepareEnvironment(1)
  startEngine(await ensureTorch())
}
