import { dataCsv, dataJsonLines, dataParquet, grade, rollouts, score } from './data.js'
import type { MakeFormat } from './format.js'
import { adapterConfig, chatTemplate, gguf, modelConfig, safetensors, tokenizer } from './models.js'
import { metrics, recipe, state } from './runs.js'

export const formats: Readonly<Record<string, MakeFormat>> = {
  safetensors,
  GGUF: gguf,
  'tokenizer.json': tokenizer,
  'config.json': modelConfig,
  'adapter_config.json': adapterConfig,
  'chat template': chatTemplate,
  'Parquet rollouts': rollouts,
  'Parquet data': dataParquet,
  'JSON lines': dataJsonLines,
  CSV: dataCsv,
  recipe,
  'metrics.jsonl': metrics,
  'state.json': state,
  'grade input': grade,
  'score input': score,
}
