/** The engine's thread of a training run. */
import type { ModelInit } from '../../rollout/service.js'
import { serve } from '../../torch/thread.js'
import { PolicyService } from './service.js'

serve((init: ModelInit) => new PolicyService(init))
