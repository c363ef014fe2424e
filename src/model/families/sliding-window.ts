import { UserError } from '../../base/errors.js'
import { shown } from '../../base/shown.js'
import { type Fields, limits } from '../config-fields.js'

/** @throws UserError if a layer's attention window is shorter than the model's context */
export function refuseSlidingWindow(config: Fields): void {
  if (slidingLayers(config) === 0) return
  const what = `sliding-window attention (sliding_window ${config.raw.sliding_window}, shorter than max_position_embeddings)`
  throw new UserError(`${config.where}: ${what} is not supported`)
}

/** Layers whose window really hides something: use_sliding_window, from max_window_layers on (or as layer_types says). */
function slidingLayers(config: Fields): number {
  const { raw } = config
  if (!config.flag('use_sliding_window', false)) {
    const types = Array.isArray(raw.layer_types) ? raw.layer_types : []
    const other = types.find((type) => type !== 'full_attention')
    // transformers masks by the layer's type, and fails without a window.
    if (other !== undefined) config.fail('use_sliding_window', `true, since layer_types names ${shown(other)}`)
    return 0
  }
  if (raw.sliding_window == null) return 0
  const window = config.count('sliding_window', limits.positions)
  if (window >= config.count('max_position_embeddings', limits.positions)) return 0
  if (Array.isArray(raw.layer_types)) return raw.layer_types.filter((type) => type !== 'full_attention').length
  const from = raw.max_window_layers ?? 28
  if (!Number.isSafeInteger(from)) config.fail('max_window_layers', 'an integer')
  return Math.max(0, config.count('num_hidden_layers', limits.layers) - (from as number))
}
