/// <reference types="node" preserve="true" />
/**
 * isentrope: reinforcement fine-tuning of language models, with the policy's entropy measured, predicted and
 * controlled. Everything the command line does is a function here.
 */

export { UserError } from './base/errors.js'
export * from './entropy/index.js'
export { openModel as loadModel } from './model/open.js'
export type { ChatMessage, DecoderConfig, OpenModel, TextModel, Tokenizer } from './model/types.js'
export { loadRecipe, parseRecipe } from './recipe/index.js'
export type { RecipeInput, SftRecipeInput, TaskInput } from './recipe/input.js'
export type { Recipe } from './recipe/schema.js'
export type { SftRecipe } from './recipe/sft-recipe.js'
export {
  type Atlas,
  type AtlasOptions,
  type AtlasRow,
  type ClassShares,
  methodAtlas,
} from './report/atlas/atlas.js'
export type { Statement } from './report/atlas/statements.js'
export { type CompareOptions, type Comparison, compare } from './report/pages/compare/compare.js'
export { writeReproductionReport } from './report/pages/reproduce.js'
export {
  type GenerateInput,
  type GenerateLine,
  type GenerateOptions,
  generate,
  type ScoreInput,
  type ScoreLine,
  type ScoreOptions,
  score,
} from './rollout/index.js'
export { type MergeOptions, mergeAdapter } from './rollout/merge.js'
export type { MergeResult } from './rollout/merge-service.js'
export type { Correction, PolicyWeights, Sampler, SamplerCapabilities } from './rollout/sampler-kind.js'
export { type ScoredTokens, scoreTokens, type TokensInput } from './rollout/score-tokens.js'
export { type TensorMomentsOptions, tensorMoments } from './rollout/tensor-moments.js'
export { joinTokens, type TokenBatch, type TokenSpan } from './rollout/token-batch.js'
export type {
  Completion,
  RolloutStatistics,
  SampledCompletion,
  SamplePrompt,
  SamplingOptions,
  TokenScores,
  TokenStatistics,
} from './rollout/types.js'
export { type BenchmarkOverlap, type PreparedManifest, type PrepareOptions, prepareData } from './run/data/prepare.js'
export { type EvaluateOptions, type Evaluation, evaluate } from './run/evaluate/evaluate.js'
export type { EvalPlan } from './run/evaluate/plan.js'
export type { EvalProgress } from './run/evaluate/progress.js'
export type { EvalResult, EvalResults } from './run/evaluate/results.js'
export {
  type EvalOptions,
  type EvalOutcome,
  evaluateModels,
} from './run/evaluate/session.js'
export {
  type FilterOptions,
  type FilterOutcome,
  type FilterPlan,
  type FilterProgress,
  filterData,
} from './run/filter/filter.js'
export type { FilterResult } from './run/filter/results.js'
export { type ReproductionRequest, reproduceClaims as reproduce } from './run/reproduce/index.js'
export type { Reproduction } from './run/reproduce/reproduce.js'
export type { ClaimOutcome, ComparisonOutcome, Verdict } from './run/reproduce/types.js'
export {
  type BackendRecipe,
  type OpenBackendOptions,
  type OpenSamplerOptions,
  openBackend,
  openSampler,
} from './run/train/open-backend.js'
export { type SftCallbacks, type SftOptions, type SftSummary, sft } from './run/train/sft.js'
export { type TrainCallbacks, type TrainConfig, trainFrom as train } from './run/train/train-from.js'
export type { RewardEntry } from './task/code.js'
export { type Dataset, type DatasetOptions, loadDataset } from './task/data/dataset.js'
export type { Problem } from './task/data/problems.js'
export { grade } from './task/math/grade.js'
export { loadTask } from './task/registry.js'
export { defineReward, type Reward, type RewardFunction } from './task/rewards/types.js'
export {
  type CompletionInfo,
  defineTask,
  type Example,
  type Grade,
  type Rng,
  type Split,
  type Task,
} from './task/types.js'
export { type AdvantageKind, groupAdvantages } from './train/advantages.js'
export type {
  Backend,
  BackendInfo,
  ExactBackend,
  LedgerReading,
  ScoreGroup,
  ScoringOptions,
  TokenDistribution,
  TokenUpdate,
  TrainCompletion,
  TrainGroup,
  UpdateOptions,
  UpdateResult,
} from './train/backend.js'
export { allCapabilities, type BackendCapabilities } from './train/capabilities.js'
export { samplingOptions, updateOptions } from './train/defaults.js'
export type { EvalMetrics, GradedCompletion, StepMetrics, TrainEvent } from './train/events.js'
export { type LoopEvent, type LoopSetup, type LoopState, trainLoop } from './train/loop.js'
export type { MetricKey } from './train/metrics/catalogue.js'
export type { CriticBackend } from './train/ppo/critic.js'
export { type GaeOptions, type GaeResult, gae } from './train/ppo/gae.js'
export type { SftEvalMetrics, SftEvent, SftStepMetrics } from './train/sft/events.js'
