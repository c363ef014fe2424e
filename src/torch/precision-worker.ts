/** A thread that measures how fast the engine's types are. */
import { measurePrecisions } from './precision-speed.js'
import { serve } from './thread.js'

serve(() => ({ measure: measurePrecisions }))
