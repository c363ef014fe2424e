import { defineFamily } from './family.js'
import { refuseSlidingWindow } from './sliding-window.js'

export const qwen3 = defineFamily({
  name: 'qwen3',
  architecture: 'Qwen3ForCausalLM',
  title: 'Qwen3',
  models: 'the dense Qwen3 models',
  notes: "Every head's query and key are normalized; heads have 128 dimensions unless `head_dim` says otherwise.",
  read(config) {
    refuseSlidingWindow(config)
    const attention = config.flag('attention_bias', false)
    // transformers' Qwen3Config defaults to 128, not to hidden_size / num_attention_heads.
    return { qkvBias: attention, outputBias: attention, mlpBias: false, qkNorm: true, headDim: 128 }
  },
  gguf: {
    architecture: 'qwen3',
    pairedRows: false,
    fields: (has) => ({ attention_bias: has('attn_q.bias'), use_sliding_window: false }),
  },
})
