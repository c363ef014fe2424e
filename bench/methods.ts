/**
 * What the entropy methods add to an optimizer step: their statistics, masks and weights over one batch.
 *
 *     npx jiti bench/methods.ts [--tokens 65536] [--rounds 15] [--step-us 5000]
 *
 * `step-us` is the time that the whole step takes per completion token, sampling and training, to give shares of it; 5000
 * is below what SmolLM2-135M takes on one CPU thread. The batch is made up; its sizes are what the time depends on.
 */
import { parseArgs } from 'node:util'
import { rngFrom } from '../src/base/philox.js'
import { applyMethods, type MethodTokens } from '../src/entropy/index.js'
import { statesAlone } from '../src/entropy/methods/states.js'
import { atlasMethods } from '../src/report/atlas/methods.js'

const { values } = parseArgs({
  options: {
    tokens: { type: 'string', default: '65536' },
    rounds: { type: 'string', default: '15' },
    'step-us': { type: 'string', default: '5000' },
  },
})
const count = Number(values.tokens)
const random = rngFrom(1)
const floats = (from: number, to: number) => Float64Array.from({ length: count }, () => from + (to - from) * random())
const rolloutLogprob = floats(-6, 0)

const batch: MethodTokens = {
  S: floats(-0.3, 0.3),
  expectedS: floats(0, 0.1),
  advantage: floats(-2, 2),
  entropy: floats(0, 3),
  logprob: rolloutLogprob.map((value) => value + 0.2 * (random() - 0.5)),
  rolloutLogprob,
  rolloutEntropy: floats(0, 3),
  isPolicyToken: new Uint8Array(count).fill(1),
  starts: Array.from({ length: Math.ceil(count / 256) }, (_, i) => 256 * i),
}

const timed = (work: () => void) => {
  const began = performance.now()
  work()
  return performance.now() - began
}
const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]

console.log(`${count} tokens, median of ${values.rounds} rounds`)
for (const { name, settings } of atlasMethods(undefined, { mu: 2 })) {
  let step = 0
  const states = statesAlone(settings, { entropy: 1.5, step: 1, steps: 1 })
  const work = () => void applyMethods(batch, settings, { seed: 0, step: step++, update: 1, states })
  work()
  const ms = median(Array.from({ length: Number(values.rounds) }, () => timed(work)))
  const perToken = (1000 * ms) / count
  const share = (100 * perToken) / Number(values['step-us'])
  console.log(
    `${name.padEnd(22)} ${ms.toFixed(2).padStart(8)} ms ${perToken.toFixed(3).padStart(8)} us a token ${share.toFixed(4).padStart(9)} % of a step`,
  )
}
