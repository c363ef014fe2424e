/** Sampling and scoring with a model, as functions. */
export { type GenerateInput, type GenerateLine, type GenerateOptions, generate } from './generate.js'
export { type ScoreInput, type ScoreLine, type ScoreOptions, score } from './score.js'
