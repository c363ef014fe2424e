/** The engine's thread of `merge`. */
import { serve } from '../torch/thread.js'
import { type MergeInit, MergeService } from './merge-service.js'

serve((init: MergeInit) => new MergeService(init))
