/**
 * Sampling against transformers' generate: SmolLM2-135M-Instruct, float32, temperature 1, at batch 1, 4 and 32 with
 * completions of one length, and at 32 rows with lengths from 8 to `longest` and twice as many prompts as rows.
 *
 *     npx jiti bench/generate.ts [--rounds 3] [--length 64] [--longest 256] [--cases 1,4,32,varying] [--json] [--python PYTHON]
 *
 * Lengths are prescribed, the same on both sides. The peer pads: each of its batches takes as long as its longest
 * completion. Ours also computes every token's statistics; the peer does not.
 */
import { rngFrom } from '../src/base/philox.js'
import { sampleCompletions } from '../src/rollout/sampler.js'
import {
  figure,
  openSmolLM2,
  Report,
  readOptions,
  startTorch,
  type Turn,
  takeTurns,
  threads,
  timed,
  withPeer,
} from './measure.js'
import { Peer } from './peer.js'

const { json, rounds, python, length, longest, cases } = readOptions(
  { length: '64', longest: '256', cases: '1,4,32,varying' },
  3,
)
const torch = await startTorch()
const { opened, decoder, directory } = await openSmolLM2()
const { tokenizer } = opened
const things = ['a river', 'bread', 'the moon', 'a good night of sleep', 'trains', 'chess', 'rain in spring', 'glass']

interface Work {
  prompts: number[][]
  lengths: number[]
  rows: number
}

function work(count: number, rows: number, lengths: number[]): Work {
  const prompts = Array.from({ length: count }, (_, i) => {
    const content = `Write ${i + 2} sentences about ${things[i % things.length]}.`
    const text = tokenizer.renderChat([{ role: 'user', content }], { addGenerationPrompt: true })
    return tokenizer.encode(text, { special: false })
  })
  return { prompts, lengths, rows }
}

function varying(): Work {
  const random = rngFrom(0, 0)
  return work(
    64,
    32,
    Array.from({ length: 64 }, () => 8 + Math.floor(random() * (Number(longest) - 7))),
  )
}

const generate = (given: Work): Turn & { tokens: number } => timed(() => sample(given))

function sample({ prompts, lengths, rows }: Work): { tokens: number } {
  const { completions, statistics } = sampleCompletions(
    decoder,
    prompts.map((tokens, key) => ({ key, tokens, maxNewTokens: lengths[key] })),
    {
      samplesPerPrompt: 1,
      maxNewTokens: Math.max(...lengths),
      temperature: 1,
      topP: 1,
      topK: 0,
      minP: 0,
      stopTokens: [],
      stopStrings: [],
      seed: 0,
      step: 0,
      batchSize: rows,
    },
  )
  for (const { prompt, tokens } of completions) {
    if (tokens.length !== lengths[prompt]) throw new Error(`completion ${prompt} has ${tokens.length} tokens`)
  }
  return { tokens: statistics.completionTokens }
}

const targets: Record<string, number> = { 1: 1, 4: 1, 32: 1.8, varying: 3 }
const report = new Report(json)
await withPeer(new Peer(python, 'generate', { model: directory, threads }, threads), async (transformers, versions) => {
  const warmUp = work(4, 4, [8, 8, 8, 8])
  generate(warmUp)
  await transformers.ask<Turn>(warmUp)
  for (const name of cases.split(',')) {
    const rows = Number(name)
    const given = name === 'varying' ? varying() : work(rows, rows, new Array(rows).fill(Number(length)))
    const turns = await takeTurns(
      rounds,
      () => generate(given),
      () => transformers.ask<Turn & { tokens: number }>(given),
    )
    const title =
      name === 'varying' ? `generation, 64 prompts in 32 rows, 8 to ${longest} tokens` : `generation, batch ${name}`
    report.add(figure(title, 'tokens/s', turns, ({ tokens }, s) => tokens / s, 'higher', targets[name] ?? 1))
  }
  report.finish({ libtorch: torch, peer: versions })
})
