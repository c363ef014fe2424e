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
export type { ClipResult, ClipTokens } from './clip.js'
export {
  type ApplyTo,
  applyToNames,
  type ClipOptions,
  type ClipPreset,
  clipPresets,
  type ResolvedClipOptions,
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
export { type AdaptiveOptions, type AdaptiveState, adaptCoefficient } from './methods/adaptive-entropy.js'
export { applyMethods, type CombinedEffect, type MethodSettings, ruleOf } from './methods/apply.js'
export { ceGppo } from './methods/ce-gppo.js'
export { cispo } from './methods/cispo.js'
export { clipB } from './methods/clip-b.js'
export { type ClipCovOptions, clipCov } from './methods/clip-cov.js'
export { clipV } from './methods/clip-v.js'
export { binaryDivergence, type DppoOptions, dppo } from './methods/dppo.js'
export { dualClip } from './methods/dual-clip.js'
export { type EntrocraftOptions, type EntrocraftState, entrocraft, entrocraftState } from './methods/entrocraft.js'
export { type EntropicOptions, type EntropicState, entropic, entropicState } from './methods/entropic.js'
export { type ScheduleOptions, scheduledCoefficient } from './methods/entropy-schedule.js'
export { entropyRatioClip } from './methods/erc.js'
export { geometricRatio, gmpo } from './methods/gmpo.js'
export { sequenceRatio } from './methods/gspo.js'
export { highEntropy } from './methods/high-entropy.js'
export { icepop, type RatioBand } from './methods/icepop.js'
export { klCov } from './methods/kl-cov.js'
export { type ClipBounds, ppoClip } from './methods/ppo-clip.js'
export { probWeight } from './methods/prob-weight.js'
export { quantileOf } from './methods/quantile-advantage.js'
export { sapo } from './methods/sapo.js'
export { resolveClipOptions } from './methods/score-clips.js'
export { type StareOptions, type StareState, stare, stareState } from './methods/stare.js'
export { type Surrogate, type SurrogateRule, surrogate } from './methods/surrogate.js'
export { tokenCovariance } from './methods/token-covariance.js'
export type { ControllerView, DrawKey, MethodEffect, MethodTokens } from './methods/types.js'
export { type VespoOptions, vespoWeight } from './methods/vespo.js'
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
export {
  applied,
  initialTargetState,
  /** @deprecated Use initialTargetState. */
  initialTargetState as initialSetpoint,
  observe,
  type TargetState,
  /** @deprecated Use TargetState. */
  type TargetState as SetpointState,
  wantedChange,
} from './target-controller.js'
export { type Threshold, type ThresholdTokens, thresholdFor } from './threshold.js'
