/**
 * One GRPO step (rollout, statistics, forward, backward, AdamW) against TRL's GRPOTrainer: SmolLM2-135M-Instruct,
 * 4 prompts x 8 samples, float32, beta 0. Completions forced to equal length, and ending by themselves.
 *
 *     npx jiti bench/train.ts [--rounds 3] [--length 32] [--cases equal,mixed] [--json] [--python PYTHON]
 *
 * Rewards are random on both sides, so that every completion has an advantage and neither side may skip one.
 */
import { sampleCompletions } from '../src/rollout/sampler.js'
import { Learner } from '../src/train/local/learner.js'
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

const samples = 8
const lr = 1e-6
const questions = [
  [7, 12],
  [3, 18],
  [15, 4],
  [9, 9],
].map(([a, b]) => `What is ${a} + ${b}? Answer with the number only.`)

const { json, rounds, python, length, cases } = readOptions({ length: '32', cases: 'equal,mixed' }, 3)
const maxNewTokens = Number(length)
const torch = await startTorch()
const { opened, decoder, directory } = await openSmolLM2()
const learner = new Learner(decoder)
const { tokenizer } = opened
const prompts = questions.map((content, key) => ({
  key,
  tokens: tokenizer.encode(tokenizer.renderChat([{ role: 'user', content }], { addGenerationPrompt: true }), {
    special: false,
  }),
}))

let step = 0
const grpoStep = (equal: boolean): Turn & { tokens: number } => timed(() => oneStep(equal))

function oneStep(equal: boolean): { tokens: number } {
  const { completions } = sampleCompletions(decoder, prompts, {
    samplesPerPrompt: samples,
    maxNewTokens,
    temperature: 1,
    topP: 1,
    topK: 0,
    minP: 0,
    stopTokens: equal ? [] : [...tokenizer.eosTokenIds],
    stopStrings: [],
    seed: 0,
    step: step++,
    batchSize: prompts.length * samples,
  })
  const tokens = completions.reduce((total, completion) => total + completion.tokens.length, 0)
  const groups = prompts.map(({ tokens: prompt }, p) => {
    const members = completions.filter((completion) => completion.prompt === p)
    const rewards = members.map(() => Math.random())
    const mean = rewards.reduce((a, b) => a + b, 0) / samples
    const std = Math.sqrt(rewards.reduce((total, reward) => total + (reward - mean) ** 2, 0) / (samples - 1))
    return {
      prompt: Int32Array.from(prompt),
      completions: members.map((completion, i) => ({
        tokens: completion.tokens,
        rolloutLogprob: completion.logprob,
        advantage: new Float32Array(completion.tokens.length).fill((rewards[i] - mean) / (std + 1e-4)),
        gradMask: new Uint8Array(completion.tokens.length).fill(1),
        weight: new Float32Array(completion.tokens.length).fill(1 / tokens),
      })),
    }
  })
  const { applied } = learner.update(groups, {
    objective: { clipLow: 0.2, clipHigh: 0.2, importanceCap: Infinity, klCoef: 0, klEstimator: 'k3', entropyCoef: 0 },
    temperature: 1,
    lr,
    weightDecay: 0,
    betas: [0.9, 0.999],
    eps: 1e-8,
    gradClip: 1,
    tokenBudget: 4096,
    interruptible: false,
  })
  if (!applied) throw new Error('the step was not applied')
  return { tokens }
}

const report = new Report(json)
let versions = {}
for (const name of cases.split(',')) {
  const equal = name === 'equal'
  const settings = {
    model: directory,
    threads,
    prompts: prompts.length,
    samples,
    length: maxNewTokens,
    equal,
    lr,
    questions,
  }
  await withPeer(new Peer(python, 'train', settings, threads), async (trl, theirs) => {
    versions = theirs
    grpoStep(equal)
    const turns = await takeTurns(
      rounds,
      () => grpoStep(equal),
      () => trl.ask<Turn & { tokens: number }>({ step: true }),
    )
    report.add(
      figure(`GRPO step, ${name} lengths`, 'completion tokens/s', turns, ({ tokens }, s) => tokens / s, 'higher', 4),
    )
  })
}
report.finish({ libtorch: torch, peer: versions })
