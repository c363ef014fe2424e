/** The engine's thread of a training run. */
import { serve } from '../../torch/thread.js'
import { PolicyService, type TrainInit } from './service.js'

serve((init: TrainInit) => new PolicyService(init))
