/** The engine's thread for commands that only sample and score. */
import { serve } from '../torch/thread.js'
import { type ModelInit, ModelService } from './service.js'

serve((init: ModelInit) => new ModelService(init))
