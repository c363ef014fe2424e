/**
 * What bfloat16 does to a policy's statistics and masks: SmolLM2 samples completions in float32, and the same tokens are
 * scored in both types. Errors are against float32; a mask agrees where both types keep or both drop a token.
 *
 *     npx jiti bench/precision.ts [--prompts 'word problems'] [--tokens 16] [--samples 4] [--json]
 *
 * Not disturbed by other work on the machine: nothing is timed.
 */
import { parseArgs } from 'node:util'
import { type ClipOptions, type ClipTokens, clipB, clipV } from '../src/entropy/index.js'
import { Decoder } from '../src/model/decoder.js'
import { openLocalModel } from '../src/model/open.js'
import { sampleCompletions } from '../src/rollout/sampler.js'
import { scoreCompletions } from '../src/rollout/scoring.js'
import type { TokenStatistics } from '../src/rollout/types.js'
import { cpu, type Dtype } from '../src/torch/index.js'
import { openSmolLM2, startTorch } from './measure.js'

const {
  values: { json, prompts: only, tokens: maxNewTokens, samples },
} = parseArgs({
  options: {
    json: { type: 'boolean' },
    prompts: { type: 'string' },
    tokens: { type: 'string', default: '16' },
    samples: { type: 'string', default: '4' },
  },
})
const questions: Record<string, string[]> = {
  arithmetic: [
    [7, 12],
    [38, 25],
    [154, 41],
    [9, 9],
    [61, 17],
    [230, 88],
    [5, 96],
    [77, 46],
  ].map(([a, b]) => `What is ${a} + ${b}? Answer with the number only.`),
  'word problems': [
    'A farmer has 14 hens. Each lays 5 eggs a week, and he eats 10 of them. How many does he sell in 3 weeks?',
    'Mia reads 18 pages a day. Her book has 270 pages, and she has read 90. In how many days is she done?',
    'A shirt costs 24 dollars and is sold at a quarter off. What do 4 shirts cost?',
    'Three friends share 45 marbles equally. One gives a third of hers away. How many has she left?',
    'A train goes 60 miles an hour for 2 hours, then 45 miles an hour for 4 hours. How far does it go?',
    'Tom saves 12 dollars a week and spends 30 dollars once. What has he after 8 weeks?',
    'A box holds 6 rows of 8 chocolates. A fifth of the chocolates of 5 boxes is dark. How many are dark?',
    'Anna is twice as old as Ben, who is 3 years older than Carl. Carl is 9. How old will Anna be in 5 years?',
  ],
}
if (only !== undefined && !questions[only]) {
  throw new Error(`no prompts ${only}; there are: ${Object.keys(questions).join(', ')}`)
}
const room = { temperature: 1, topP: 1, topK: 0, minP: 0, stopStrings: [], seed: 0, step: 0, batchSize: 32 }

await startTorch()
const { opened, decoder, directory } = await openSmolLM2()
const { tokenizer } = opened
const half = await inType('bfloat16')

async function inType(dtype: Dtype): Promise<Decoder> {
  const { config, tensors } = openLocalModel(directory)
  try {
    return Decoder.load(config, tensors, cpu, dtype)
  } finally {
    tensors.close()
  }
}

const quantities = {
  'log p': ({ logprob }: TokenStatistics) => logprob,
  H: ({ entropy }: TokenStatistics) => entropy,
  'S*': ({ S }: TokenStatistics) => S,
  'E[S]': ({ expectedS }: TokenStatistics) => expectedS,
  Sc: ({ S, expectedS }: TokenStatistics) => S.map((s, i) => s - expectedS[i]),
}
const concat = (parts: Float32Array[]) => parts.flatMap((part) => [...part])

function clipTokens(scored: TokenStatistics[]): ClipTokens {
  const S = Float64Array.from(concat(scored.map((each) => each.S)))
  const expectedS = Float64Array.from(concat(scored.map((each) => each.expectedS)))
  const ones = new Uint8Array(S.length).fill(1)
  return { S, expectedS, advantage: Float64Array.from(ones), isPolicyToken: ones }
}

/** Samples with a model and compares with what its packed pass, the one that trains, says of the same tokens. */
function sampleWith(model: Decoder, prompts: { key: number; tokens: number[] }[]) {
  const { completions } = sampleCompletions(model, prompts, {
    ...room,
    samplesPerPrompt: Number(samples),
    maxNewTokens: Number(maxNewTokens),
    stopTokens: [...tokenizer.eosTokenIds],
  })
  const groups = prompts.map(({ tokens }, p) => ({
    prompt: tokens,
    members: completions.filter(({ prompt }) => prompt === p),
  }))
  const score = (by: Decoder) =>
    scoreCompletions(
      by,
      groups.map(({ prompt, members }) => ({ prompt, completions: members.map(({ tokens }) => tokens) })),
      { temperature: 1, tokenBudget: 2048 },
    ).flat()
  const own = score(model)
  const gaps = groups
    .flatMap(({ members }) => members)
    .flatMap(({ logprob }, c) => [...logprob].map((value, t) => Math.abs(value - own[c].logprob[t])))
  return { own, score, gap: Math.max(...gaps) }
}

const share = (count: number, of: number) => `${((100 * count) / of).toFixed(2)} %`
const results: object[] = []
for (const [name, texts] of Object.entries(questions)) {
  if (only !== undefined && only !== name) continue
  const prompts = texts.map((content, key) => ({
    key,
    tokens: tokenizer.encode(tokenizer.renderChat([{ role: 'user', content }], { addGenerationPrompt: true }), {
      special: false,
    }),
  }))
  const wide = sampleWith(decoder, prompts)
  const rounded = wide.score(half)
  const { gap: halfGap } = sampleWith(half, prompts)
  const errors = Object.fromEntries(
    Object.entries(quantities).map(([quantity, of]) => {
      const exact = concat(wide.own.map(of))
      const differences = concat(rounded.map(of)).map((value, i) => Math.abs(value - exact[i]))
      const sorted = differences.toSorted((a, b) => a - b)
      const size = Math.sqrt(exact.reduce((total, value) => total + value ** 2, 0) / exact.length)
      return [quantity, { median: sorted[Math.floor(sorted.length / 2)], max: sorted[sorted.length - 1], rms: size }]
    }),
  )
  const [exact, approximate] = [wide.own, rounded].map(clipTokens)
  const count = exact.S.length
  const masks = [clipB, clipV].flatMap((clip, i) =>
    [1, 2, 3].map((mu) => {
      const bounds: ClipOptions = { muLow: mu, muHigh: mu }
      const [a, b] = [clip(exact, bounds).mask, clip(approximate, bounds).mask]
      const differing = a.reduce((total, value, t) => total + (value === b[t] ? 0 : 1), 0)
      const masked = a.reduce((total, value) => total + 1 - value, 0)
      return { method: i === 0 ? 'Clip_B' : 'Clip_V', mu, masked, differing }
    }),
  )
  results.push({ prompts: name, tokens: count, errors, masks, logprobGapMax: { float32: wide.gap, bfloat16: halfGap } })
  if (json) continue
  console.log(`${name}: ${count} tokens`)
  for (const [quantity, { median, max, rms }] of Object.entries(errors)) {
    const number = (value: number) => value.toPrecision(2)
    console.log(
      `  ${quantity}: median error ${number(median)}, largest ${number(max)}; root mean square ${number(rms)}`,
    )
  }
  for (const { method, mu, masked, differing } of masks) {
    console.log(`  ${method} mu ${mu}: ${share(masked, count)} masked, ${share(differing, count)} differ`)
  }
  console.log(`  logprob_gap_max: float32 ${wide.gap.toPrecision(2)}, bfloat16 ${halfGap.toPrecision(2)}`)
}
if (json) console.log(JSON.stringify(results, null, 2))
