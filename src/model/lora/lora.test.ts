import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startTestEngine } from '../../../test/engine.js'
import { largestGap, loadTiny } from '../../../test/training/models.js'
import {
  backward,
  cpu,
  fromData,
  gradientOf,
  leakedTensors,
  linear,
  liveTensors,
  mm,
  noGrad,
  requireGrad,
  scope,
  withGrad,
} from '../../torch/index.js'
import { shareWeights } from '../copy.js'
import type { Decoder } from '../decoder.js'
import { PackedBatch } from '../packing.js'
import { exportParts } from '../parameters.js'
import { openSafetensors } from '../safetensors.js'
import { writeSafetensors } from '../safetensors-write.js'
import { openAdapter } from './adapter-file.js'
import { Lora, type LoraOptions } from './lora.js'

/** Gone when the test has finished, however it ended. */
function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'isentrope-lora-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

beforeAll(startTestEngine)

// test/golden/lora.py writes them; peft made and computed all but internlm2's.
const cases = readdirSync('test/fixtures/adapters')
const directoryOf = (name: string) => join('test/fixtures/adapters', name)

interface Golden {
  model: string
  input_ids: number[][]
  logits: number[][][]
}

const goldenOf = (name: string): Golden => JSON.parse(readFileSync(join(directoryOf(name), 'golden.json'), 'utf8'))

/** Logits of both sequences, [n * T, V], as plain numbers. */
function logitsOf(model: Decoder, sequences: number[][]): Float32Array {
  const pack = new PackedBatch(
    sequences.map((prompt) => ({ prompt, branches: [] })),
    cpu,
  )
  try {
    return noGrad(() =>
      scope(() =>
        linear(pack.forward(model, model.embed(pack.tokens_T)), model.parameters.head.value).toFloat32Array(),
      ),
    )
  } finally {
    pack.dispose()
  }
}

function open(name: string): { model: Decoder; lora: Lora } {
  const model = loadTiny(goldenOf(name).model)
  const adapter = openAdapter(directoryOf(name), model.config)
  const lora = Lora.load(model, adapter)
  adapter.tensors.close()
  lora.attach(model)
  return { model, lora }
}

/** Every factor by the adapter file's names. */
function factorsIn(path: string): Map<string, Float32Array> {
  const file = openSafetensors(path)
  const factors = new Map<string, Float32Array>()
  for (const [name, { bytes }] of file.tensors) {
    const into = new Uint8Array(bytes)
    file.readInto(name, into)
    factors.set(name, new Float32Array(into.buffer))
  }
  file.close()
  return factors
}

describe.each(cases)('a PEFT adapter of %s', (name) => {
  it("gives peft's logits, recorded or not, and the base model's without it", () => {
    const { model, lora } = open(name)
    const golden = goldenOf(name)
    expect(largestGap(logitsOf(model, golden.input_ids), golden.logits.flat(2))).toBeLessThan(1e-4)
    const recorded = withGrad(() => {
      const pack = new PackedBatch(
        golden.input_ids.map((prompt) => ({ prompt, branches: [] })),
        cpu,
      )
      const logits = scope(() =>
        linear(pack.forward(model, model.embed(pack.tokens_T)), model.parameters.head.value).toFloat32Array(),
      )
      pack.dispose()
      return logits
    })
    expect(largestGap(recorded, golden.logits.flat(2))).toBeLessThan(1e-4)
    const plain = loadTiny(golden.model)
    expect(logitsOf(shareWeights(model), golden.input_ids)).toEqual(logitsOf(plain, golden.input_ids))
    plain.dispose()
    lora.dispose()
    model.dispose()
  })

  it("gives peft's gradients to 1e-5", () => {
    const { model, lora } = open(name)
    const { input_ids } = goldenOf(name)
    const [T] = [input_ids[0].length]
    const V = model.config.vocabSize
    // The loss of test/golden/lora.py: sum of logits[n, t, v] sin(n + 7 t + 3 v) / 10.
    const weights = Float32Array.from({ length: input_ids.length * T * V }, (_, i) => {
      const [n, t, v] = [Math.floor(i / (T * V)), Math.floor(i / V) % T, i % V]
      return Math.sin(n + 7 * t + 3 * v) / 10
    })
    const pack = new PackedBatch(
      input_ids.map((prompt) => ({ prompt, branches: [] })),
      cpu,
    )
    const leaves = lora.parameters().map(({ value }) => requireGrad(value))
    scope(() => {
      const hidden = withGrad(() => pack.forward(model, model.embed(pack.tokens_T)))
      const upstream = mm(fromData(weights, [input_ids.length * T, V]), model.parameters.head.value)
      backward(hidden, leaves, upstream)
    })
    pack.dispose()
    for (const { value } of model.list()) expect(gradientOf(value)).toBeUndefined()

    // The gradients in the factors' places, read back through the layout of the files.
    const directory = temporaryDirectory()
    const gradients = lora.copy()
    scope(() => {
      gradients.parameters().forEach((parameter, i) => {
        noGrad(() => (parameter.value.data() as Float32Array).set(gradientOf(leaves[i])!.toFloat32Array()))
      })
    })
    gradients.write(directory)
    const ours = factorsIn(join(directory, 'adapter_model.safetensors'))
    const golden = factorsIn(join(directoryOf(name), 'gradients.safetensors'))
    expect([...ours.keys()].sort()).toEqual([...golden.keys()].sort())
    for (const [factor, values] of golden) {
      const size = Math.max(1, ...values.map(Math.abs))
      expect(largestGap(ours.get(factor)!, values) / size, factor).toBeLessThan(1e-5)
    }
    gradients.dispose()
    lora.dispose()
    model.dispose()
  })

  it('is written as peft wrote it: the same tensors bit for bit, the same ranks, scales and modules', () => {
    const { model, lora } = open(name)
    const directory = temporaryDirectory()
    lora.write(directory, new Map([['tokenizer_config.json', '{}']]))
    expect(readdirSync(directory).sort()).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
      'tokenizer_config.json',
    ])
    const [ours, theirs] = [directory, directoryOf(name)].map((d) => factorsIn(join(d, 'adapter_model.safetensors')))
    expect(new Map([...ours].sort())).toEqual(new Map([...theirs].sort()))
    const again = openAdapter(directory, model.config)
    expect(again.modules).toEqual(lora.modules)
    again.tensors.close()
    const [written, read] = [directory, directoryOf(name)].map((d) =>
      JSON.parse(readFileSync(join(d, 'adapter_config.json'), 'utf8')),
    )
    for (const field of ['peft_type', 'task_type', 'base_model_name_or_path', 'r', 'lora_alpha', 'bias']) {
      expect(written[field], field).toEqual(read[field])
    }
    expect(written.use_rslora).toBe(read.use_rslora ?? false)
    lora.dispose()
    model.dispose()
  })
})

describe('a new adapter', () => {
  const options: LoraOptions = {
    rank: 3,
    alpha: 6,
    targets: 'all-linear',
    rankStabilized: false,
    seed: 7,
    baseModel: 'base',
  }

  it('changes nothing, and is the same for the same seed whatever else is adapted', () => {
    const model = loadTiny('qwen3')
    const before = logitsOf(model, [[1, 5, 9, 2]])
    const lora = Lora.create(model, options)
    lora.attach(model)
    expect(logitsOf(model, [[1, 5, 9, 2]])).toEqual(before)
    const tensors = (from: Lora) =>
      new Map(
        from
          .parameters()
          .flatMap((parameter) =>
            [...exportParts(parameter)].map(({ name, bytes }) => [name, new Float32Array(bytes.buffer)] as const),
          ),
      )
    const all = tensors(lora)
    const some = Lora.create(model, { ...options, targets: ['k_proj', 'down_proj'] })
    expect(some.modules.map(({ name }) => name)).toEqual(
      [0, 1].flatMap((layer) => [`model.layers.${layer}.self_attn.k_proj`, `model.layers.${layer}.mlp.down_proj`]),
    )
    for (const [name, values] of tensors(some)) expect(values, name).toEqual(all.get(name))
    const other = Lora.create(model, { ...options, seed: 8 })
    expect(tensors(other)).not.toEqual(all)

    // A uniform in +-1/sqrt(in): standard deviation 1 / sqrt(3 in); B zero.
    const { hiddenSize } = model.config
    const a = [...all]
      .filter(([name]) => /(q|k|v|gate|up)_proj\.lora_A/.test(name))
      .flatMap(([, values]) => [...values])
    expect(Math.max(...a.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(hiddenSize))
    const deviation = Math.sqrt(a.reduce((total, value) => total + value * value, 0) / a.length)
    expect(deviation * Math.sqrt(3 * hiddenSize)).toBeCloseTo(1, 1)
    for (const [name, values] of all) {
      if (name.includes('lora_B'))
        expect(
          values.every((value) => value === 0),
          name,
        ).toBe(true)
    }
    for (const one of [lora, some, other]) one.dispose()
    model.dispose()
  })

  it('refuses layers that the model has not, and parts of a packed one', () => {
    const qwen = loadTiny('qwen2')
    expect(() => Lora.create(qwen, { ...options, targets: ['q_prj'] })).toThrow(/no linear layer q_prj/)
    expect(() => Lora.create(qwen, { ...options, targets: ['lm_head'] })).toThrow(/no linear layer lm_head/)
    qwen.dispose()
    const intern = loadTiny('internlm2')
    expect(() => Lora.create(intern, { ...options, targets: ['q_proj'] })).toThrow(/in one layer, wqkv/)
    const packed = Lora.create(intern, { ...options, targets: ['q_proj', 'k_proj', 'v_proj', 'w2'] })
    expect(packed.modules.map(({ name }) => name)).toEqual(
      [0, 1].flatMap((layer) => [`model.layers.${layer}.attention.wqkv`, `model.layers.${layer}.feed_forward.w2`]),
    )
    packed.dispose()
    intern.dispose()
  })

  it.each(['lm_head', 'model.embed_tokens'])('refuses an adapter of %s by its name', (module) => {
    const directory = temporaryDirectory()
    copyFileSync(join(directoryOf('llama'), 'adapter_config.json'), join(directory, 'adapter_config.json'))
    writeSafetensors(join(directory, 'adapter_model.safetensors'), [
      { name: `base_model.model.${module}.lora_A.weight`, dtype: 'F32', shape: [1, 1], bytes: new Uint8Array(4) },
    ])
    const model = loadTiny('llama')
    const word = module.replace('model.', '')
    expect(() => openAdapter(directory, model.config)).toThrow(`an adapter of ${word} is not supported`)
    model.dispose()
  })

  it('leaves no tensor behind', () => {
    const model = loadTiny('llama')
    logitsOf(model, [[1, 2, 3]])
    const live = liveTensors()
    const lora = Lora.create(model, options)
    lora.attach(shareWeights(model))
    lora.dispose()
    expect(liveTensors()).toBe(live)
    expect(leakedTensors()).toBe(0)
    model.dispose()
  })
})
