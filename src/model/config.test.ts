import { describe, expect, it } from 'vitest'
import { UserError } from '../base/errors.js'
import { parseConfig } from './config.js'

const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 128_256,
  hidden_size: 4096,
  intermediate_size: 14_336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  max_position_embeddings: 131_072,
  rms_norm_eps: 1e-5,
  rope_theta: 500_000,
  bos_token_id: 128_000,
  eos_token_id: 128_001,
}
const qwen2 = { ...llama, architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' }
const qwen3 = { ...llama, architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3' }
const parse = (raw: Record<string, unknown>, generation?: Record<string, unknown>) =>
  parseConfig(raw, 'm/config.json', generation)

describe('published configurations', () => {
  it('DeepSeek-R1-Distill-Llama-8B: llama3 scaling', () => {
    const rope_scaling = {
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
      rope_type: 'llama3',
    }
    const config = parse({ ...llama, rope_scaling, mlp_bias: false, attention_bias: false })
    expect(config).toMatchObject({ family: 'llama', headDim: 128, kvHeads: 8, qkvBias: false, qkNorm: false })
    expect(config.rope).toEqual({
      theta: 500_000,
      scaling: {
        type: 'llama3',
        factor: 8,
        lowFreqFactor: 1,
        highFreqFactor: 4,
        originalMaxPositionEmbeddings: 8192,
      },
    })
  })

  it('the same in the style of transformers 5', () => {
    const { rope_theta, ...rest } = llama
    const rope_parameters = { rope_type: 'linear', factor: 4, rope_theta }
    expect(parse({ ...rest, rope_parameters }).rope).toEqual({
      theta: rope_theta,
      scaling: { type: 'linear', factor: 4 },
    })
    expect(parse({ ...rest, rope_parameters: { rope_type: 'default', rope_theta } }).rope.scaling).toEqual({
      type: 'none',
    })
  })

  it('Qwen2.5-7B-Instruct: biases, an unused sliding window, end tokens of the generation settings', () => {
    const config = parse(
      { ...qwen2, use_sliding_window: false, sliding_window: 131_072, max_window_layers: 28, eos_token_id: 151_645 },
      { eos_token_id: [151_645, 151_643], pad_token_id: 151_643 },
    )
    expect(config).toMatchObject({ family: 'qwen2', qkvBias: true, outputBias: false, mlpBias: false })
    expect(config.eosTokenIds).toEqual([151_645, 151_643])
    expect(config.padTokenId).toBe(151_643)
  })

  it('Qwen3: head norms, and heads of 128 whatever the width', () => {
    expect(parse({ ...qwen3, hidden_size: 1024, num_attention_heads: 16 })).toMatchObject({
      headDim: 128,
      qkNorm: true,
    })
    expect(parse({ ...qwen3, head_dim: 64 })).toMatchObject({ headDim: 64 })
  })

  it('InternLM2 and InternLM3: names of their own for biases', () => {
    const internlm = (version: 2 | 3, rest: object) =>
      parse({ ...llama, architectures: [`InternLM${version}ForCausalLM`], model_type: `internlm${version}`, ...rest })
    expect(internlm(2, { bias: false })).toMatchObject({ family: 'internlm2', qkvBias: false, outputBias: false })
    expect(internlm(2, { bias: true })).toMatchObject({ qkvBias: true, outputBias: true, mlpBias: false })
    expect(internlm(3, { qkv_bias: false, bias: true })).toMatchObject({
      qkvBias: false,
      outputBias: true,
      mlpBias: true,
    })
  })

  it('yarn: the attention factor is 0.1 ln 4 + 1 unless stated', () => {
    const rope_scaling = { type: 'yarn', factor: 4, original_max_position_embeddings: 32_768 }
    const attentionFactor = (extra: object) => {
      const { scaling } = parse({ ...qwen2, rope_scaling: { ...rope_scaling, ...extra } }).rope
      return scaling.type === 'yarn' ? scaling.attentionFactor : undefined
    }
    expect(attentionFactor({})).toBeCloseTo(1.138_629_436, 9)
    expect(attentionFactor({ attention_factor: 1.5 })).toBe(1.5)
    // (0.1 x 0.7 ln 4 + 1) / (0.1 x 1.2 ln 4 + 1) = 1.09704061 / 1.16635532
    expect(attentionFactor({ mscale: 0.7, mscale_all_dim: 1.2 })).toBeCloseTo(0.940_571_5, 6)
  })
})

describe('a config that says one thing twice', () => {
  const llama3 = {
    rope_type: 'llama3',
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 16,
  }
  const { rope_theta: _, ...bare } = llama
  const twice = (change: object) => parse({ ...bare, ...change }).rope

  it('is read from both statements, where transformers drops one', () => {
    const whole = twice({ rope_parameters: { ...llama3, rope_theta: 500_000 } })
    expect(whole).toMatchObject({ theta: 500_000, scaling: { type: 'llama3', factor: 8 } })
    for (const rope_scaling of [{}, null, { ...llama3 }, { type: 'llama3' }]) {
      expect(twice({ rope_scaling, rope_parameters: { ...llama3, rope_theta: 500_000 } })).toEqual(whole)
    }
    expect(twice({ rope_scaling: llama3, rope_parameters: {}, rope_theta: 500_000 })).toEqual(whole)
  })

  it.each<[object, RegExp]>([
    [
      { rope_scaling: llama3, rope_parameters: { ...llama3, factor: 4 } },
      /rope_scaling.factor says 8, but rope_parameters.factor says 4/,
    ],
    [
      { rope_scaling: { type: 'default' }, rope_parameters: llama3 },
      /rope_scaling.type says "default", but rope_parameters.rope_type says "llama3"/,
    ],
    [
      { rope_scaling: { type: 'linear', rope_type: 'yarn', factor: 2 } },
      /rope_scaling.type says "linear", but rope_scaling.rope_type says "yarn"/,
    ],
    [
      { rope_theta: 10_000, rope_parameters: { ...llama3, rope_theta: 500_000 } },
      /rope_parameters.rope_theta says 500000, but rope_theta says 10000/,
    ],
    [{ rope_scaling: [1], rope_parameters: llama3 }, /rope_scaling is \[1\], expected an object/],
    [{ rope_parameters: { full_attention: llama3 } }, /per layer type \(full_attention\)/],
    [
      { model_type: 'internlm3', architectures: undefined, bias: true, mlp_bias: false },
      /mlp_bias is false, expected true, as bias says/,
    ],
    [
      { model_type: 'internlm3', architectures: undefined, qkv_bias: false, attention_bias: true },
      /attention_bias is true, expected false, as qkv_bias says/,
    ],
    [
      { ...qwen3, use_sliding_window: false, layer_types: ['full_attention', 'sliding_attention'] },
      /use_sliding_window is false, expected true, since layer_types names "sliding_attention"/,
    ],
  ])('is refused where the two contradict each other: %j', (change, message) => {
    expect(() => parse({ ...bare, ...change })).toThrow(UserError)
    expect(() => parse({ ...bare, ...change })).toThrow(message)
  })
})

describe('what this decoder does not compute is refused by name', () => {
  it.each<[object, RegExp]>([
    [{ model_type: 'gpt2', architectures: ['GPT2LMHeadModel'] }, /unsupported architecture .*"gpt2".*GPT2LMHeadModel/],
    [{ model_type: 'qwen3_moe', architectures: ['Qwen3MoeForCausalLM'] }, /unsupported architecture .*"qwen3_moe"/],
    [{ model_type: undefined, architectures: undefined }, /unsupported architecture \(none is named\)/],
    [{ architectures: ['LlamaForSequenceClassification'] }, /unsupported architecture/],
    [{ num_local_experts: 8 }, /mixture of experts \(num_local_experts\)/],
    [{ quantization_config: { quant_method: 'awq' } }, /quantised with awq/],
    [{ hidden_act: 'gelu' }, /hidden_act "gelu"/],
    [{ rope_scaling: { type: 'longrope', factor: 2 } }, /rotary scaling "longrope"/],
    [{ rope_scaling: { type: 'linear' } }, /factor is missing/],
    [{ rope_scaling: { type: 'linear', factor: -1 } }, /factor is -1, expected a number above 0/],
    [{ partial_rotary_factor: 0.5 }, /partial rotary/],
    [{ hidden_size: 'big' }, /hidden_size is "big", expected an integer/],
    [{ num_hidden_layers: 1e9 }, /num_hidden_layers is 1000000000, expected an integer from 1 to/],
    [{ vocab_size: undefined }, /vocab_size is missing/],
    [{ num_key_value_heads: 5 }, /not a multiple of num_key_value_heads 5/],
    [{ head_dim: 3 }, /head_dim is 3/],
    [{ rms_norm_eps: 0 }, /rms_norm_eps is 0/],
    [{ eos_token_id: 'x' }, /eos_token_id is "x", expected a token id/],
    [{ tie_word_embeddings: 1 }, /tie_word_embeddings is 1, expected true or false/],
  ])('%j', (change, message) => {
    expect(() => parse({ ...llama, ...change })).toThrow(UserError)
    expect(() => parse({ ...llama, ...change })).toThrow(message)
    expect(() => parse({ ...llama, ...change })).toThrow('m/config.json')
  })

  it('a sliding window that hides something', () => {
    const window = { use_sliding_window: true, sliding_window: 4096, max_window_layers: 10 }
    expect(() => parse({ ...qwen2, ...window })).toThrow(/sliding-window attention \(sliding_window 4096/)
    // From layer 32 of 32 on, longer than the model, or switched off.
    expect(() => parse({ ...qwen2, ...window, max_window_layers: 32 })).not.toThrow()
    expect(() => parse({ ...qwen2, ...window, sliding_window: 200_000 })).not.toThrow()
    expect(() => parse({ ...qwen2, ...window, use_sliding_window: false })).not.toThrow()
    const layer_types = Array.from({ length: 32 }, () => 'full_attention')
    expect(() => parse({ ...qwen3, ...window, layer_types })).not.toThrow()
  })
})
