/**
 * Sampling and training of randomly initialised shapes on a GPU: tokens/s, the share of its peak, its memory. Without a
 * GPU only `--shape tiny --device cpu` runs, to see that the script does.
 *
 *     npx jiti bench/gpu.ts [--device cuda] [--shape smollm2|qwen2.5-0.5b|qwen2.5-7b|tiny] [--dtype bfloat16]
 *                           [--peak 989] [--rows 32] [--prompt 256] [--length 256] [--rounds 3] [--python python3]
 *
 * `--python`: an interpreter with torch and transformers. They do the same first, in a process that has ended before ours
 * begins, since both may not fit; ratios above 1 are ours being faster. Their AdamW moves half-precision weights themselves,
 * ours float32 masters of them. Equal lengths throughout, so that they pad nothing.
 *
 * `--peak`: the GPU's dense 16-bit operations per second in 10^12 (its data sheet). Operations are 2 per parameter and
 * token forward, 6 with the backward pass (without the embedding's look-up and attention), so a share is a lower bound.
 * Memory is what the driver says is taken, LibTorch's reserve included. Not run on a GPU yet.
 */
import { parseArgs } from 'node:util'
import { rngFrom } from '../src/base/philox.js'
import { attentionText, chooseAttention } from '../src/model/attention/choice.js'
import { Decoder } from '../src/model/decoder.js'
import { buildParameters } from '../src/model/parameters.js'
import type { DecoderConfig } from '../src/model/types.js'
import { sampleCompletions } from '../src/rollout/sampler.js'
import {
  copyInto,
  type Dtype,
  fromData,
  narrow,
  native,
  noGrad,
  parseDevice,
  requireDevice,
  reshape,
  scope,
  transfersText,
} from '../src/torch/index.js'
import { Learner } from '../src/train/local/learner.js'
import { median, startTorch } from './measure.js'
import { Peer } from './peer.js'

const { values } = parseArgs({
  options: Object.fromEntries(
    Object.entries({
      device: 'cuda',
      shape: 'tiny',
      dtype: 'bfloat16',
      peak: '',
      rows: '32',
      prompt: '256',
      length: '256',
      rounds: '3',
      python: '',
    }).map(([name, value]) => [name, { type: 'string' as const, default: value }]),
  ),
})

type Dimensions =
  | 'layers'
  | 'hiddenSize'
  | 'intermediateSize'
  | 'heads'
  | 'kvHeads'
  | 'headDim'
  | 'vocabSize'
  | 'tieWordEmbeddings'

const base: Omit<DecoderConfig, Dimensions> = {
  family: 'qwen2',
  rmsNormEps: 1e-6,
  rope: { theta: 1e6, scaling: { type: 'none' } },
  maxPositionEmbeddings: 32_768,
  qkvBias: true,
  outputBias: false,
  mlpBias: false,
  qkNorm: false,
  eosTokenIds: [] as number[],
  raw: {},
}
const size = (
  [layers, hiddenSize, intermediateSize]: number[],
  [heads, kvHeads, headDim]: number[],
  vocabSize: number,
  tieWordEmbeddings: boolean,
) => ({ ...base, layers, hiddenSize, intermediateSize, heads, kvHeads, headDim, vocabSize, tieWordEmbeddings })

/** As their config.json files have them. */
const shapes: Record<string, DecoderConfig> = {
  tiny: size([2, 64, 128], [4, 2, 16], 512, true),
  smollm2: {
    ...size([30, 576, 1536], [9, 3, 64], 49_152, true),
    family: 'llama',
    qkvBias: false,
  },
  'qwen2.5-0.5b': size([24, 896, 4864], [14, 2, 64], 151_936, true),
  'qwen2.5-7b': size([28, 3584, 18_944], [28, 4, 128], 152_064, false),
}

const device = parseDevice(values.device)
const config = shapes[values.shape]
if (!config) throw new Error(`--shape ${values.shape}: one of ${Object.keys(shapes).join(', ')}`)
await startTorch()
if (device.type === 'cpu') console.log('no GPU is measured: --device cpu only shows that this script runs')
else requireDevice(device)

const random = rngFrom(0)
const [rows, promptLength, length, rounds] = [values.rows, values.prompt, values.length, values.rounds].map(Number)
const prompts = Array.from({ length: Math.ceil(rows / 8) }, (_, key) => ({
  key,
  tokens: Array.from({ length: promptLength }, () => Math.floor(random() * config.vocabSize)),
}))
const tokenBudget = 8192
const activationCheckpointing = values.shape === 'qwen2.5-7b'

interface PeerRound {
  sampling: number
  training: number
  peak_reserved_bytes: number | null
}

const peer = values.python === '' ? undefined : await measurePeer(values.python)

/** Uniform of standard deviation 0.02, a block of it again and again: what a product costs does not depend on it. */
const noise = Float32Array.from({ length: 65_536 }, () => (2 * random() - 1) * 0.02 * Math.sqrt(3))
const model = new Decoder(
  config,
  buildParameters(config, device, values.dtype as Dtype, ({ value }) =>
    noGrad(() =>
      scope(() => {
        const flat = reshape(value, [value.size])
        for (let at = 0; at < value.size; at += noise.length) {
          const part = noise.subarray(0, Math.min(noise.length, value.size - at))
          copyInto(narrow(flat, 0, at, part.length), fromData(part.slice(), [part.length], { device }))
        }
      }),
    ),
  ),
  device,
)
const learner = new Learner(model)
const seconds: { sampling: number[]; training: number[] } = { sampling: [], training: [] }
let least = Number.POSITIVE_INFINITY
const look = () => {
  if (device.type === 'cuda') least = Math.min(least, native().freeCudaMemory(device.index) ?? least)
}
const free = device.type === 'cuda' ? native().freeCudaMemory(device.index) : undefined

// The first round is the warm-up.
for (let step = 0; step <= rounds; step++) {
  let began = performance.now()
  const { completions } = sampleCompletions(model, prompts, {
    ...{ samplesPerPrompt: 8, maxNewTokens: length, batchSize: rows, seed: 0, step },
    ...{ temperature: 1, topP: 1, topK: 0, minP: 0, stopTokens: [], stopStrings: [] },
  })
  if (step > 0) seconds.sampling.push((performance.now() - began) / 1000)
  look()
  const weight = 1 / (completions.length * length)
  const groups = prompts.map(({ tokens }, p) => ({
    prompt: Int32Array.from(tokens),
    completions: completions
      .filter(({ prompt }) => prompt === p)
      .map((completion, i) => ({
        tokens: completion.tokens,
        rolloutLogprob: completion.logprob,
        advantage: new Float32Array(length).fill(i % 2 ? 1 : -1),
        gradMask: new Uint8Array(length).fill(1),
        weight: new Float32Array(length).fill(weight),
      })),
  }))
  began = performance.now()
  const { applied } = learner.update(groups, {
    objective: { clipLow: 0.2, clipHigh: 0.2, importanceCap: Infinity, klCoef: 0, klEstimator: 'k3', entropyCoef: 0 },
    ...{ temperature: 1, lr: 1e-6, weightDecay: 0, betas: [0.9, 0.999], eps: 1e-8, gradClip: 1 },
    ...{ tokenBudget, activationCheckpointing, interruptible: false },
  })
  if (!applied) throw new Error('the step was not applied')
  if (step > 0) seconds.training.push((performance.now() - began) / 1000)
  look()
}

const parameters = model.parameterCount
const completionTokens = prompts.length * 8 * length
/** The rows that the trunk computes: every prompt once, no last tokens. */
const trainedRows = prompts.length * (promptLength + 8 * (length - 1))
const share = (operations: number, time: number) =>
  values.peak === '' ? undefined : operations / time / (Number(values.peak) * 1e12)
const [sampling, training] = [median(seconds.sampling), median(seconds.training)]
console.log(
  JSON.stringify({
    shape: values.shape,
    parameters,
    device: values.device,
    dtype: values.dtype,
    libtorch: native().version,
    attention: attentionText(chooseAttention(model)),
    transfers: transfersText(device),
    sampled_tokens_per_s: completionTokens / sampling,
    sampling_share_of_peak: share(2 * parameters * completionTokens, sampling),
    trained_completion_tokens_per_s: completionTokens / training,
    trained_rows_per_s: trainedRows / training,
    training_share_of_peak: share(6 * parameters * trainedRows, training),
    free_bytes_with_weights: free,
    least_free_bytes: Number.isFinite(least) ? least : undefined,
    peer: peer && {
      ...peer,
      sampled_tokens_per_s: completionTokens / peer.sampling,
      trained_completion_tokens_per_s: completionTokens / peer.training,
      sampling_ratio: peer.sampling / sampling,
      training_ratio: peer.training / training,
    },
  }),
)

async function measurePeer(python: string) {
  const { device, dtype } = values
  const settings = { config, device, dtype, rows, length, tokenBudget, activationCheckpointing }
  const other = new Peer(python, 'gpu', { ...settings, prompts: prompts.map(({ tokens }) => tokens) }, 1)
  try {
    const made = await other.ask<object>()
    const measured: PeerRound[] = []
    for (let round = 0; round <= rounds; round++) measured.push(await other.ask<PeerRound>({}))
    const [sampling, training] = (['sampling', 'training'] as const).map((key) =>
      median(measured.slice(1).map((one) => one[key])),
    )
    return { ...made, sampling, training, peak_reserved_bytes: measured.at(-1)!.peak_reserved_bytes }
  } finally {
    other.close()
  }
}
