import { defineFamily } from './family.js'
import { refuseSlidingWindow } from './sliding-window.js'

export const qwen2 = defineFamily({
  name: 'qwen2',
  architecture: 'Qwen2ForCausalLM',
  title: 'Qwen2 and Qwen2.5',
  models: 'Qwen2.5, Qwen2.5-Math, R1-Distill-Qwen',
  notes: 'Queries, keys, and values always have biases.',
  read(config) {
    refuseSlidingWindow(config)
    return { qkvBias: true, outputBias: false, mlpBias: false }
  },
  gguf: { architecture: 'qwen2', pairedRows: false, fields: () => ({ use_sliding_window: false }) },
})
