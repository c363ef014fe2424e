/**
 * What an update on logged completions would do to entropy, as far as their top-k log-probabilities tell: intervals per
 * token (bounds.ts), the direction each token would push, the batch's prediction, and what the clips would mask
 * (certainty.ts). Nothing is estimated: an interval holds the truth, and what it leaves open is called unknown.
 */
import { UserError } from '../base/errors.js'
import { boundsFromTopK, type TopKBounds } from './bounds.js'
import { type ClipCertainty, clipCertainty, type MaskVerdict } from './certainty.js'
import type { ClipOptions } from './clip-options.js'
import { add, exactly, type Interval, scale } from './interval.js'
import { advantagesOf } from './logs/advantages.js'
import type { LoggedCompletion, LoggedToken } from './logs/types.js'

/** What a change of entropy known to an interval does: `none` is exactly 0. */
export type Direction = 'raises' | 'lowers' | 'none' | 'unknown'

export interface AnalyzedToken extends TopKBounds {
  text: string
  /** Absent where the log has a placeholder in its place. */
  logprob?: number
  /** What rewarding the token (A > 0) does to entropy; punishing it does the opposite. */
  ifRewarded: Direction
  advantage?: number
  /** -A Sc, the token's own share of the predicted change, times N. */
  effect?: Interval
  update?: Direction
  clipB?: MaskVerdict
  clipV?: MaskVerdict
}

export interface AnalyzedCompletion {
  where: string
  group: string
  reward?: number
  tokens: AnalyzedToken[]
}

export interface Analysis {
  completions: AnalyzedCompletion[]
  summary: AnalysisSummary
}

export interface AnalysisSummary {
  completions: number
  groups: number
  tokens: number
  /** Fewest and most log-probabilities listed for a token. */
  topK: [number, number]
  /** Mean entropy of the tokens' distributions, nats. */
  entropy: Interval
  /** Tokens by what rewarding them does. */
  ifRewarded: Record<Direction, number>
  /** Tokens by what the update with their advantages does. */
  update?: Record<Direction, number>
  /** -(1/N) sum A Sc, nats per unit step on the logits. */
  predictedStep?: Interval
  direction?: Direction
  /** Cov(A, Sc); its negative is the expectation of the above (Corollary C.2). */
  covariance?: Interval
  clipB?: ClipSummary
  clipV?: ClipSummary
  warnings: string[]
}

export interface ClipSummary extends Omit<ClipCertainty, 'verdicts'> {
  /** Tokens masked whatever the truth. */
  masked: number
  /** Tokens masked for some truths. */
  possible: number
}

export interface AnalysisOptions {
  vocabSize: number
  /** T of the log-probabilities: the intervals are of softmax(z/T). It enters no number, only the warnings. */
  temperature: number
  /** See {@link TopKOptions.logprobError}. */
  logprobError?: number
  clipB: ClipOptions
  clipV: ClipOptions
}

/**
 * @throws {UserError} for no tokens, log-probabilities that no distribution over V tokens has, advantages that are
 *   incomplete, or clip options that make no sense.
 */
export function analyzeCompletions(logged: readonly LoggedCompletion[], options: AnalysisOptions): Analysis {
  const given = advantagesOf(logged)
  const completions = logged.map((completion, i) => analyzeCompletion(completion, given?.[i], options))
  const tokens = completions.flatMap((completion) => completion.tokens)
  if (tokens.length === 0)
    throw new UserError('no token with a log-probability', { hint: 'The completions are empty.' })
  const lengths = logged.flatMap((completion) => completion.tokens.map((token) => token.topLogprobs.length))
  const summary: AnalysisSummary = {
    completions: completions.length,
    groups: new Set(completions.map(({ group }) => group)).size,
    tokens: tokens.length,
    topK: [lengths.reduce((a, b) => Math.min(a, b)), lengths.reduce((a, b) => Math.max(a, b))],
    entropy: mean(tokens.map((token) => token.entropy)),
    ifRewarded: count(tokens.map((token) => token.ifRewarded)),
    warnings: warningsAbout(logged, tokens, options),
  }
  if (!given) return { completions, summary }
  const advantages = tokens.map((token) => token.advantage as number)
  const clips = {
    B: clipCertainty(
      'B',
      tokens.map((token) => token.S),
      advantages,
      options.clipB,
    ),
    V: clipCertainty(
      'V',
      tokens.map((token) => token.centredS),
      advantages,
      options.clipV,
    ),
  }
  tokens.forEach((token, t) => {
    token.clipB = clips.B.verdicts[t]
    token.clipV = clips.V.verdicts[t]
  })
  const predictedStep = mean(tokens.map((token) => token.effect as Interval))
  const meanA = advantages.reduce((sum, A) => sum + A, 0) / advantages.length
  Object.assign(summary, {
    update: count(tokens.map((token) => token.update as Direction)),
    predictedStep,
    direction: directionOf(predictedStep),
    covariance: mean(tokens.map((token, t) => scale(token.centredS, advantages[t] - meanA))),
    clipB: summarize(clips.B),
    clipV: summarize(clips.V),
  })
  return { completions, summary }
}

function analyzeCompletion(
  logged: LoggedCompletion,
  advantage: number | number[] | undefined,
  { vocabSize, logprobError }: AnalysisOptions,
): AnalyzedCompletion {
  const { where, group, reward } = logged
  if (Array.isArray(advantage) && advantage.length !== logged.tokens.length) {
    throw new UserError(`${where}: ${advantage.length} advantages for ${logged.tokens.length} tokens`)
  }
  const tokens = logged.tokens.map((token, t): AnalyzedToken => {
    const bounds = boundsOf(token, `${where} token ${t}`, vocabSize, logprobError)
    const result = {
      text: token.text,
      logprob: token.logprob,
      ...bounds,
      ifRewarded: directionOf(scale(bounds.centredS, -1)),
    }
    const A = Array.isArray(advantage) ? advantage[t] : advantage
    if (A === undefined) return result
    const effect = A === 0 ? exactly(0) : scale(bounds.centredS, -A)
    return { ...result, advantage: A, effect, update: directionOf(effect) }
  })
  return { where, group, reward, tokens }
}

function boundsOf(token: LoggedToken, where: string, vocabSize: number, logprobError: number | undefined): TopKBounds {
  const { topLogprobs, logprob, sampledInTop, sampledMayBeExtra, lostEntries, largestId } = token
  if (largestId !== undefined && largestId >= vocabSize) {
    throw new UserError(`${where}: the id ${largestId} lies outside a vocabulary of ${vocabSize}`, {
      hint: 'The vocabulary size is the number of logits, padded ids included; it is above every id.',
    })
  }
  try {
    const known = { topLogprobs, logprob, sampledInTop, sampledMayBeExtra, endIsCap: !lostEntries }
    return boundsFromTopK(known, { vocabSize, logprobError })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UserError(`${where} (${JSON.stringify(token.text)}): ${error.message}`, {
      cause: error,
      hint:
        'No softmax over that many tokens has these log-probabilities. Check the vocabulary size; if the server rounds ' +
        'or computes them coarsely, state by how much (--logprob-error, logprobError; nats).',
    })
  }
}

export function directionOf([low, high]: Interval): Direction {
  if (low === 0 && high === 0) return 'none'
  return low > 0 ? 'raises' : high < 0 ? 'lowers' : 'unknown'
}

function count(directions: Direction[]): Record<Direction, number> {
  const counts = { raises: 0, lowers: 0, none: 0, unknown: 0 }
  for (const direction of directions) counts[direction]++
  return counts
}

function mean(intervals: Interval[]): Interval {
  return scale(
    intervals.reduce((total, interval) => add(total, interval), exactly(0)),
    1 / intervals.length,
  )
}

function summarize({ verdicts, ...rest }: ClipCertainty): ClipSummary {
  const number = (verdict: MaskVerdict) => verdicts.filter((one) => one === verdict).length
  return { ...rest, masked: number('masked'), possible: number('possible') }
}

/** Signs that the log-probabilities are not those of the whole softmax that training differentiates. */
function warningsAbout(
  logged: readonly LoggedCompletion[],
  tokens: readonly AnalyzedToken[],
  { temperature, vocabSize }: AnalysisOptions,
): string[] {
  const source = logged.flatMap((completion) => completion.tokens)
  const impossible = source.filter(({ logprob }) => logprob === Number.NEGATIVE_INFINITY).length
  const unknown = source.filter(({ logprob }) => logprob === undefined).length
  const prompts = source.filter(({ ofPrompt }) => ofPrompt).length
  const clamped = source.filter(({ topLogprobs }) => topLogprobs.includes(Number.NEGATIVE_INFINITY)).length
  const whole = source.filter((token, t) => sumsToOneEarly(token, tokens[t].missingMass, vocabSize)).length
  const lost = source.filter(({ lostEntries }) => lostEntries).length
  const bare = source.filter(({ topLogprobs }) => topLogprobs.length <= 1).length
  const options = [...new Set(logged.flatMap(({ sampling }) => sampling.truncation))]
  const sampledAt = logged.map(({ sampling }) => sampling.temperature).find((T) => T !== undefined && T !== temperature)
  const truncated = 'the intervals are those of the truncated distribution, not of the softmax that training uses'
  const share = (count: number) => `${count} of ${source.length} tokens`
  return [
    impossible > 0 && `probability 0 for the sampled token itself, ${share(impossible)}: another policy sampled`,
    unknown > 0 &&
      `-9999.0 for the sampled token itself, ${share(unknown)}: taken as not known, for servers write it both for a token ` +
        'outside of their list and for probability 0',
    prompts > 0 &&
      `tokens of prompts (prompt_logprobs), ${share(prompts)}: expectations hold only for those that this policy sampled`,
    clamped > 0 &&
      `lists with impossible tokens (-9999.0), ${share(clamped)}, as truncated sampling leaves: ${truncated}`,
    whole > 0 &&
      `lists that sum to 1 and end with a likely token, ${share(whole)}, as after top-p or top-k: ${truncated}`,
    options.length > 0 &&
      `a request that truncates (${options.join(', ')}): expectations over sampled tokens do not hold`,
    sampledAt !== undefined &&
      `sampling at temperature ${sampledAt}, log-probabilities of ${temperature}: the sampler was another policy`,
    lost > 0 &&
      `lists that lost entries of equal text, ${share(lost)}: their intervals are wide; log token ids instead`,
    bare > 0 && `no further log-probabilities, ${share(bare)}: their intervals are wide; request top log-probabilities`,
  ].filter((warning) => warning !== false)
}

/** Two entries or more but not all, the last of 1 % or more, and next to nothing missing: no natural tail ends so. */
function sumsToOneEarly({ topLogprobs }: LoggedToken, missingMass: Interval, vocabSize: number): boolean {
  if (topLogprobs.length < 2 || topLogprobs.length >= vocabSize) return false
  const last = Math.exp(topLogprobs.reduce((a, b) => Math.min(a, b)))
  return last >= 0.01 && missingMass[1] <= 1e-4 * last
}
