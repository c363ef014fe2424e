/** The recipe's defaults as options of a backend's calls, for a loop of one's own. */
import { stopTokensOf } from '../rollout/model-thread.js'
import { rolloutSection } from '../rollout/section.js'
import type { SamplingOptions } from '../rollout/types.js'
import { algorithmSection } from './algorithm-section.js'
import type { Backend, UpdateOptions } from './backend.js'
import { trainSection } from './section.js'

/** Options of `backend.sample`. `step`, with `seed`, keys the draws: give every batch its own. */
export function samplingOptions(
  { model }: Pick<Backend, 'model'>,
  { step, ...changes }: Partial<SamplingOptions> & { step: number },
): SamplingOptions {
  const { samplesPerPrompt, maxNewTokens, temperature, topP, topK, minP, stopStrings, batchSize } =
    rolloutSection.parse({})
  return {
    samplesPerPrompt,
    maxNewTokens,
    temperature,
    topP,
    topK,
    minP,
    stopTokens: stopTokensOf(model),
    stopStrings,
    seed: 0,
    step,
    batchSize,
    ...changes,
  }
}

/** Options of `backend.update`: PPO's clipped surrogate, AdamW, and a gradient of norm 1 at most. */
export function updateOptions({
  objective,
  ...changes
}: Omit<Partial<UpdateOptions>, 'objective'> & { objective?: Partial<UpdateOptions['objective']> }): UpdateOptions {
  const { clipLow, clipHigh, importanceCap, klCoef, klEstimator, entropyCoef } = algorithmSection.parse({})
  const { lr, weightDecay, betas, eps, gradClip, tokenBudget } = trainSection.parse({})
  return {
    temperature: 1,
    lr,
    weightDecay,
    betas,
    eps,
    gradClip,
    tokenBudget,
    interruptible: false,
    ...changes,
    objective: { clipLow, clipHigh, importanceCap, klCoef, klEstimator, entropyCoef, ...objective },
  }
}
