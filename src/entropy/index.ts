/** The paper's theory as pure functions on plain numbers (float64): no I/O, no tensors. */
export { boundsFromTopK, type TopK, type TopKBounds, type TopKOptions } from './bounds.js'
export { type ClipResult, type ClipTokens, clipB, clipV } from './clip.js'
export {
  type ApplyTo,
  applyToNames,
  type ClipOptions,
  type ClipPreset,
  clipPresets,
  type ResolvedClipOptions,
  resolveClipOptions,
} from './clip-options.js'
export {
  changeOfLogit,
  changeOfStep,
  expectedChange,
  expectedChangeOfBatch,
  importanceRatio,
  type PolicyGradientStep,
} from './first-order.js'
export type { Interval } from './interval.js'
export { type EntropyMethod, type MaskMethodName, type MaskResult, maskFor, maskMethods } from './methods.js'
export {
  type Moments,
  moments,
  type Scores,
  type SoftmaxOptions,
  scores,
  scoreToken,
  type TokenScore,
} from './moments.js'
export { type PredictedStep, predictStep, type StepTokens } from './predict.js'
export { covariance, type FloatArray, type MeanAndSigma, meanAndSigma } from './statistics.js'
