/** What decides an evaluation's numbers. Two evaluations are comparable where these agree. */
import { UserError } from '../../base/errors.js'
import type { GradeRule } from '../../task/math/grade.js'

export interface EvalSettings {
  temperature: number
  topP: number
  topK: number
  minP: number
  maxNewTokens: number
  stopStrings: string[]
  seed: number
  /** How final answers are compared, where the data set does not bring its own grader. */
  rule: GradeRule
  /** Count only completions that the model ended by itself, where the data set does not bring its own grader. */
  requireStop: boolean
}

const defaultSettings: EvalSettings = {
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  maxNewTokens: 2048,
  stopStrings: [],
  seed: 0,
  rule: 'math',
  requireStop: false,
}

/** What is left open is the default, or what stands in `between`. */
export function fillSettings(asked: Partial<EvalSettings>, between: Partial<EvalSettings> = {}): EvalSettings {
  const given = Object.entries(asked).filter(([, value]) => value !== undefined)
  return { ...defaultSettings, ...between, ...Object.fromEntries(given) }
}

/** The paper's: Avg@32 on competitions of a few dozen problems, Avg@8 on DAPO500 and all others. */
export function defaultSamples(data: string): number {
  return /^(aime|amc)\d\d$/.test(data) ? 32 : 8
}

/** Most samples of a problem: maj@K's exact vote is not computed beyond. */
export const mostSamples = 512

/** @throws UserError that names the setting. */
export function checkSettings(settings: Partial<EvalSettings>, samples?: number, problems?: number): void {
  const { temperature, topP, topK, minP, maxNewTokens, seed } = fillSettings(settings)
  const whole = (value: number, minimum: number) => Number.isSafeInteger(value) && value >= minimum
  const wrong = [
    samples !== undefined && !(whole(samples, 1) && samples <= mostSamples) && `samples: 1 to ${mostSamples}`,
    problems !== undefined && !whole(problems, 1) && 'problems: a whole number of at least 1',
    !(temperature > 0 && temperature < Infinity) && 'temperature: above 0',
    !(topP > 0 && topP <= 1) && 'topP: above 0, at most 1',
    !whole(topK, 0) && 'topK: a whole number of at least 0',
    !(minP >= 0 && minP <= 1) && 'minP: 0 to 1',
    !whole(maxNewTokens, 1) && 'maxNewTokens: a whole number of at least 1',
    !whole(seed, 0) && 'seed: a whole number of at least 0',
  ].filter((each) => each !== false)
  if (wrong.length > 0) throw new UserError(`evaluation: ${wrong.join('; ')}`)
}
