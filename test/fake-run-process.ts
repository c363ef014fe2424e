/** The fake run as a process of its own, to be killed: DIRECTORY [--resume]. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OpenParts } from '../src/run/train/parts.js'
import { train } from '../src/run/train/train.js'
import { fakeParts, fakeRecipe } from './fake-run.js'

const [directory, flag] = process.argv.slice(2)
const recipe = fakeRecipe({ train: { steps: 40 }, eval: { every: 4 }, checkpoint: { every: 5 } })

/** Slow enough to be caught in the middle. */
const slowParts: OpenParts = async (...given) => {
  const parts = await fakeParts(recipe)(...given)
  return {
    ...parts,
    async *loop(start) {
      for await (const event of parts.loop(start)) {
        await sleep(5)
        yield event
      }
    },
  }
}

const resume = flag === '--resume' && existsSync(join(directory, 'config.yaml'))
await train(recipe, { runDirectory: directory, resume, openParts: slowParts })
