import { defineFamily } from './family.js'

export const internlm3 = defineFamily({
  name: 'internlm3',
  architecture: 'InternLM3ForCausalLM',
  title: 'InternLM3',
  models: 'InternLM3-8B-Instruct',
  notes: 'Biases as `qkv_bias` and `bias` say.',
  read(config) {
    // The published config says qkv_bias and bias; transformers writes them back as attention_bias and mlp_bias.
    const bias = config.sameFlag('bias', 'mlp_bias')
    return { qkvBias: config.sameFlag('qkv_bias', 'attention_bias'), outputBias: bias, mlpBias: bias }
  },
})
