/** Loads LibTorch for a test file: the user's own or the cached one, fetched once where neither is there. */

import { prepareEnvironment, startEngine } from '../src/torch/index.js'
import { ensureTorch } from '../src/torch/install/index.js'

export async function startTestEngine(): Promise<void> {
  prepareEnvironment()
  startEngine(await ensureTorch())
}
