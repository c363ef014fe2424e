import { defineFamily } from './family.js'

export const llama = defineFamily({
  name: 'llama',
  architecture: 'LlamaForCausalLM',
  title: 'Llama',
  models: 'Llama 2 and 3, SmolLM2, R1-Distill-Llama',
  notes: 'Biases as `attention_bias` and `mlp_bias` say.',
  read(config) {
    const attention = config.flag('attention_bias', false)
    return { qkvBias: attention, outputBias: attention, mlpBias: config.flag('mlp_bias', false) }
  },
  gguf: {
    architecture: 'llama',
    pairedRows: true,
    fields: (has) => ({ attention_bias: has('attn_q.bias'), mlp_bias: has('ffn_gate.bias') }),
  },
})
