/** The paper's theory as pure functions on plain numbers (float64): no I/O, no tensors. */
export {
  type Analysis,
  type AnalysisOptions,
  type AnalysisSummary,
  type AnalyzedCompletion,
  type AnalyzedToken,
  analyzeCompletions,
  type ClipSummary,
  type Direction,
} from './analyze.js'
export { boundsFromTopK, type TopK, type TopKBounds, type TopKOptions } from './bounds.js'
export { type ClipCertainty, clipCertainty, type MaskVerdict, sigmaInterval } from './certainty.js'
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
export { type LogHeader, readLogLine } from './logs/read-log.js'
export { type LogSettings, settingsOf } from './logs/settings.js'
export type { LoggedCompletion, LoggedToken, Sampling } from './logs/types.js'
export {
  type AdaptiveOptions,
  type AdaptiveState,
  adaptCoefficient,
  applyMethods,
  type ClipBounds,
  type ClipCovOptions,
  type CombinedEffect,
  cispo,
  clipCov,
  type DrawKey,
  dualClip,
  highEntropy,
  klCov,
  type MethodEffect,
  type MethodSettings,
  type MethodTokens,
  ppoClip,
  probWeight,
  ruleOf,
  type Surrogate,
  type SurrogateRule,
  sequenceRatio,
  surrogate,
  tokenCovariance,
} from './methods/index.js'
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
export { applied, initialSetpoint, observe, type SetpointState, wantedChange } from './setpoint.js'
export { type Threshold, type ThresholdTokens, thresholdFor } from './setpoint-threshold.js'
export { covariance, type FloatArray, type MeanAndSigma, meanAndSigma } from './statistics.js'
