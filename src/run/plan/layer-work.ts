/** What one layer has to do for a token: what types are measured by. */

import { layerProducts } from '../../model/layout.js'
import type { DecoderConfig } from '../../model/types.js'
import type { Recipe } from '../../recipe/schema.js'
import type { LayerWork } from '../../torch/precision-speed.js'
import { packedBytes } from './memory.js'

interface Shape {
  parameters: number
  config: DecoderConfig
}

/** What of a recipe of either kind decides. */
export interface WorkRecipe extends Pick<Recipe, 'device' | 'lora'> {
  rollout?: Recipe['rollout']
  train: { tokenBudget: number; epochs?: number }
}

const layersOf = (device: string, { config }: Shape) => ({
  device,
  products: layerProducts(config),
  layers: config.layers,
})

/** Of a token that is sampled, `rows` at once, and no more. */
export function decodingWork(
  device: string,
  { rows, maxNewTokens }: { rows: number; maxNewTokens: number },
  model: Shape & { adapter?: unknown },
): LayerWork {
  const packed = packedBytes({ lora: model.adapter, device, rollout: { maxNewTokens } }, model) > 0
  return { ...layersOf(device, model), decoding: { rows, packed } }
}

/** Of a rollout's token, which is sampled and then trained on, or of an example's, which is trained on. */
export function layerWork({ device, lora, rollout, train }: WorkRecipe, model: Shape): LayerWork {
  const training = {
    rows: train.tokenBudget,
    weightGradients: lora === undefined,
    // A supervised recipe's epochs are how often all of it is repeated.
    passes: rollout ? (train.epochs ?? 1) : 1,
  }
  if (!rollout) return { ...layersOf(device, model), training }
  const rows = Math.min(rollout.batchSize, rollout.promptsPerStep * rollout.samplesPerPrompt)
  return {
    ...decodingWork(device, { rows, maxNewTokens: rollout.maxNewTokens }, { ...model, adapter: lora }),
    training,
  }
}
