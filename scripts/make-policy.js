// Makes quickstart/policy/: a language model of about a million parameters that plays countdown, badly and with variety.
// Random initialisation, then supervised training by this project's own engine on random solutions of random problems,
// so that the quick start has something to reinforce that was never reinforced before.
//
//   npm run build && node scripts/make-policy.js [--family llama|qwen3|internlm3] [--steps N] [--out DIR]
//
// The quick start's is a Llama; quickstart/policy-qwen3/ and quickstart/policy-internlm3/ are of other families, of about
// the same size, for what is to be shown on more than one architecture (`isentrope reproduce carries-over`).
//
// 999,360 parameters, 2 MB as bfloat16. 450 steps of 32 problems with 4 solutions each took about 0.2 s of one core a
// step (under two minutes on an idle machine; 457 s on one that was shared by many) and ended at 0.576 nats a token.
// Out came a policy that is right in half of its attempts and at least once in eight on every one of 128 held-out problems:
// Avg@8 0.542, Pass@8 1.000, entropy 0.621 nats. The others, in 75 s of an idle core each:
// Qwen3 (999,552) 0.565 nats a token, Avg@8 0.567, Pass@8 0.987, entropy 0.606; InternLM3 (1,000,512) 0.578, 0.511,
// 0.987 and 0.629. A family's name (--family) and nothing else tells the commands apart.
import { parseArgs } from 'node:util'
import { rngFrom } from '../dist/base/philox.js'
import { parseConfig } from '../dist/model/config.js'
import { Decoder } from '../dist/model/decoder.js'
import { familyOf } from '../dist/model/families/index.js'
import { buildParameters, exportParts, parameterList } from '../dist/model/parameters.js'
import { writeModel } from '../dist/model/save.js'
import { createTokenizer } from '../dist/model/tokenizer/tokenizer.js'
import { sampleCompletions } from '../dist/rollout/sampler.js'
import { respell } from '../dist/task/countdown/expression.js'
import { Solver } from '../dist/task/countdown/solve.js'
import { compactAlphabet, countdown } from '../dist/task/countdown/task.js'
import { copyInto, cpu, fromData, noGrad, prepareEnvironment, scope, startEngine } from '../dist/torch/index.js'
import { ensureTorch } from '../dist/torch/install/index.js'
import { heldOutMetrics } from '../dist/train/held-out.js'
import { Learner } from '../dist/train/local/learner.js'

const { values: flags } = parseArgs({
  options: {
    family: { type: 'string', default: 'llama' },
    steps: { type: 'string', default: '450' },
    lr: { type: 'string', default: '2e-3' },
    prompts: { type: 'string', default: '32' },
    out: { type: 'string' },
  },
})
const out = flags.out ?? (flags.family === 'llama' ? 'quickstart/policy' : `quickstart/policy-${flags.family}`)
const steps = Number(flags.steps)
const peak = Number(flags.lr)
const promptsPerStep = Number(flags.prompts)
const solutionsPerPrompt = 4
const warmup = 50
const seed = 0

const endToken = '<|end|>'
const vocabulary = Object.fromEntries([endToken, ...compactAlphabet].map((token, id) => [token, id]))
const end = vocabulary[endToken]

/** The families of the policies, and what their configs say beside the sizes that all share. */
const policies = {
  llama: { attention_bias: false, mlp_bias: false },
  // Norms of queries and keys, grouped queries, no biases.
  qwen3: { attention_bias: false, head_dim: 24, num_key_value_heads: 3, intermediate_size: 432 },
  // Biases of queries, keys and values, grouped queries.
  internlm3: { qkv_bias: true, bias: false, head_dim: 24, num_key_value_heads: 3, intermediate_size: 432 },
}
const policy = policies[flags.family]
if (!policy) throw new Error(`--family ${flags.family}: the policies' families are ${Object.keys(policies).join(', ')}`)
const { architecture } = familyOf({ family: flags.family })

const modelConfig = {
  architectures: [architecture],
  model_type: flags.family,
  vocab_size: Object.keys(vocabulary).length,
  hidden_size: 144,
  intermediate_size: 384,
  num_hidden_layers: 4,
  num_attention_heads: 6,
  num_key_value_heads: 6,
  hidden_act: 'silu',
  max_position_embeddings: 128,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  ...policy,
  tie_word_embeddings: true,
  bos_token_id: null,
  eos_token_id: end,
  pad_token_id: end,
  dtype: 'bfloat16',
}

// One token a character: a byte-pair encoding without a single merge.
const tokenizerJson = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [
    { id: end, content: endToken, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  ],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: { type: 'Fuse' },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: vocabulary,
    merges: [],
  },
}
const tokenizerConfig = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  eos_token: endToken,
  pad_token: endToken,
  clean_up_tokenization_spaces: false,
  model_max_length: modelConfig.max_position_embeddings,
}

// One thread: the tensors are too small to share, and the result is then the same on every machine of a kind.
prepareEnvironment(1)
startEngine(await ensureTorch())

const config = parseConfig(modelConfig, 'the policy')
const tokenizer = createTokenizer({ tokenizer: tokenizerJson, config: tokenizerConfig, where: 'the policy' }, config)
// The quick start's task (quickstart/*.yaml).
const task = countdown({
  name: 'countdown',
  style: 'compact',
  operations: ['+', '-'],
  targetMin: 1,
  targetMax: 20,
  minSolutions: 4,
})

/** Normal weights of standard deviation 0.05, the projections into the residual stream smaller (as in GPT-2), norms of 1. */
function initialise(parameter, rng) {
  const { shape, size } = parameter.value
  const residual = /o_proj|down_proj/.test(parameter.name) ? 1 / Math.sqrt(2 * config.layers) : 1
  const data = new Float32Array(size)
  for (let i = 0; i < size; i++) {
    const normal = Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng())
    data[i] = shape.length > 1 ? 0.05 * residual * normal : parameter.name.endsWith('bias') ? 0 : 1
  }
  scope(() => copyInto(parameter.value, fromData(data, shape)))
}

const initial = rngFrom(seed, 1)
const model = new Decoder(
  config,
  buildParameters(config, cpu, 'float32', (parameter) => noGrad(() => initialise(parameter, initial))),
  cpu,
)

const solver = new Solver(task.options.operations)
const known = new Map()

/** All solutions; a set of numbers is worked out once, for all of its targets. */
function solutionsOf({ numbers, target }) {
  const key = numbers.join()
  let byValue = known.get(key)
  if (byValue === undefined) {
    byValue = new Map()
    for (const solution of solver.calculations(numbers, false)) {
      if (!byValue.has(solution.value)) byValue.set(solution.value, [])
      byValue.get(solution.value).push(solution)
    }
    known.set(key, byValue)
  }
  return byValue.get(target)
}

const rng = rngFrom(seed, 2)
const problems = task.prompts(rngFrom(seed, 3), 'train')

/** Prompts with solutions drawn uniformly, each freshly spelled; every token weighs the same, and its advantage is 1. */
function nextBatch() {
  const groups = Array.from({ length: promptsPerStep }, () => {
    const example = problems.next().value
    const solutions = solutionsOf(example)
    const completions = Array.from({ length: solutionsPerPrompt }, () => {
      const solution = solutions[Math.floor(rng() * solutions.length)]
      return Int32Array.from([...tokenizer.encode(respell(solution, rng)), end])
    })
    return { prompt: Int32Array.from(tokenizer.encode(example.prompt)), completions }
  })
  const tokens = groups.flatMap(({ completions }) => completions).reduce((sum, { length }) => sum + length, 0)
  return groups.map(({ prompt, completions }) => ({
    prompt,
    completions: completions.map((ids) => ({
      tokens: ids,
      // No policy of ours sampled the data: its importance weight is infinite, and the cap of 1 makes it likelihood.
      rolloutLogprob: new Float32Array(ids.length).fill(-Infinity),
      advantage: new Float32Array(ids.length).fill(1),
      gradMask: new Uint8Array(ids.length).fill(1),
      weight: new Float32Array(ids.length).fill(1 / tokens),
    })),
  }))
}

const objective = {
  clipLow: Infinity,
  clipHigh: Infinity,
  importanceCap: 1,
  klCoef: 0,
  klEstimator: 'k3',
  entropyCoef: 0,
}

function learningRate(step) {
  if (step <= warmup) return (peak * step) / warmup
  return peak * (0.02 + 0.98 * 0.5 * (1 + Math.cos((Math.PI * (step - warmup)) / (steps - warmup))))
}

const heldOut = [...task.prompts(rngFrom(0), 'eval')].slice(0, 128)
function evaluate(step) {
  const samples = 8
  const { completions } = sampleCompletions(
    model,
    heldOut.map(({ prompt }, key) => ({ key, tokens: tokenizer.encode(prompt) })),
    {
      samplesPerPrompt: samples,
      maxNewTokens: 24,
      temperature: 1,
      topP: 1,
      topK: 0,
      minP: 0,
      stopTokens: [end],
      stopStrings: [],
      seed: 0,
      step: 0,
      batchSize: 256,
    },
  )
  const problems = heldOut.map(({ id, prompt }, index) => ({ index, id, prompt, responses: [] }))
  const sum = (values) => values.reduce((total, value) => total + value, 0)
  for (const { prompt, sample, tokens, finish, logprob, entropy } of completions) {
    const completion = tokenizer.decode(tokens, { skipSpecial: true })
    const { reward } = task.grade(completion, heldOut[prompt], { finish, tokens: tokens.length })
    problems[prompt].responses.push({
      sample,
      completion,
      length: tokens.length,
      finish,
      correct: reward >= 1,
      reward,
      logprob: sum(logprob),
      entropy: sum(entropy),
    })
  }
  const { avg_at_k, pass_at_k, entropy_nats } = heldOutMetrics(step, problems, '')
  return `Avg@8 ${avg_at_k.toFixed(3)}, Pass@8 ${pass_at_k.toFixed(3)}, entropy ${entropy_nats.toFixed(3)}`
}

const learner = new Learner(model)
const began = performance.now()
let loss = 0
let count = 0
for (let step = 1; step <= steps; step++) {
  const result = learner.update(nextBatch(), {
    objective,
    temperature: 1,
    lr: learningRate(step),
    weightDecay: 0.01,
    betas: [0.9, 0.98],
    eps: 1e-8,
    gradClip: 1,
    tokenBudget: 16384,
    interruptible: false,
  })
  if (!result.applied) throw new Error(`step ${step}: ${JSON.stringify(result.nonFinite)}`)
  for (const { logprob } of result.tokens.flat()) {
    for (const value of logprob) loss -= value
    count += logprob.length
  }
  if (step % 50 === 0 || step === steps) {
    const seconds = (performance.now() - began) / 1000
    const score = step % 200 === 0 || step === steps ? evaluate(step) : ''
    console.log(`step ${step} of ${steps}, ${seconds.toFixed(0)} s: ${(loss / count).toFixed(4)} nats a token ${score}`)
    loss = 0
    count = 0
    if (score !== '') save()
  }
}

/** The weights as bfloat16, beside the tokenizer. */
function save() {
  const own = parameterList(model.parameters)
  let next = 0
  const half = buildParameters(config, cpu, 'bfloat16', ({ value }) => noGrad(() => copyInto(value, own[next++].value)))
  writeModel(
    out,
    {
      config,
      sidecars: new Map([
        ['tokenizer.json', `${JSON.stringify(tokenizerJson, null, 2)}\n`],
        ['tokenizer_config.json', `${JSON.stringify(tokenizerConfig, null, 2)}\n`],
      ]),
    },
    (function* () {
      for (const parameter of parameterList(half)) yield* exportParts(parameter)
    })(),
  )
  for (const { value } of parameterList(half)) value.dispose()
}
