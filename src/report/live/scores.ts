/**
 * The scores of all tokens of a step: their distribution, the bounds of the clip that acted on them, and the tokens between
 * two values. The step's rollout file is read when somebody asks.
 */
import { UserError } from '../../base/errors.js'
import type { ClipScore } from '../../entropy/clip.js'
import { fillClipOptions } from '../../entropy/clip-options.js'
import { methodOptions, methods } from '../../entropy/methods/recipe-keys.js'
import { meanAndSigma } from '../../entropy/statistics.js'
import { Rollouts } from '../../run/rollouts/query.js'

/** What tokens can be told apart by; of each the value of token `i` of a row. */
export const measures = {
  sc: ({ s, expected_s }: StepRow, i: number) => s[i]! - expected_s[i]!,
  effect: ({ s, expected_s, A }: StepRow, i: number) => -A(i) * (s[i]! - expected_s[i]!),
  s: ({ s }: StepRow, i: number) => s[i]!,
  h: ({ entropy }: StepRow, i: number) => entropy[i]!,
  p: ({ logprob }: StepRow, i: number) => Math.exp(logprob[i]!),
  a: ({ A }: StepRow, i: number) => A(i),
} satisfies Record<string, (row: StepRow, i: number) => number>

export type Measure = keyof typeof measures
export const isMeasure = (name: string | undefined): name is Measure =>
  name !== undefined && Object.hasOwn(measures, name)

interface StepRow {
  prompt_id: string
  sample: number
  tokens: number[]
  logprob: number[]
  entropy: number[]
  s: number[]
  expected_s: number[]
  grad_mask: boolean[]
  finish?: string
  A(i: number): number
}

export interface Bounds {
  /** The measure that they are on. */
  by: Measure
  low: number | null
  high: number | null
  mean: number
  sigma: number
  method: string
}

export interface Distribution {
  step: number
  by: Measure
  tokens: number
  masked: number
  low: number
  high: number
  /** Of equal width from low to high. */
  bins: { count: number; masked: number }[]
  bounds?: Bounds
  /** Why there are no bounds, although a clip acted. */
  why?: string
}

export interface FoundToken {
  prompt: string
  sample: number
  at: number
  id: number
  value: number
  A: number
  masked: boolean
}

/** What of a config the bounds follow from. */
export interface ScoreConfig {
  method: readonly string[]
  entropy: Record<string, unknown>
  hasTarget: boolean
  updatesPerBatch: number
  maskTruncated: boolean
}

const binCount = 60
/** Tokens of a step at most: their scores are held in memory at once. */
const mostTokens = 20_000_000
const listed = 100

const floats = ['logprob', 'entropy', 's', 'expected_s']
const columns = 'prompt_id, sample, tokens, logprob, entropy, s, expected_s, grad_mask, advantage'

async function* rowsOf(directory: string, step: number, limits: { signal?: AbortSignal; timeout: number }) {
  const rollouts = await Rollouts.open(directory)
  try {
    const more = ['advantages', 'finish'].filter((name) => rollouts.columns.includes(name))
    const select = [columns, ...more].join(', ')
    for await (const batch of rollouts.query({ where: `step = ${step}`, select }, limits)) {
      for (const row of batch) {
        const each = row.advantages as number[] | undefined | null
        const one = Number(row.advantage)
        // Queries give float32 by its shortest decimals; the clip saw the number itself.
        const exact = Object.fromEntries(floats.map((name) => [name, (row[name] as number[]).map(Math.fround)]))
        yield { ...row, ...exact, A: (i: number) => each?.[i] ?? one } as unknown as StepRow
      }
    }
  } finally {
    rollouts.close()
  }
}

/** The clip among the methods, if one has bounds on a score. */
function clipOf({ method }: ScoreConfig): { name: string; score: ClipScore } | undefined {
  const found = methods.find(({ name, score }) => score !== undefined && method.includes(name))
  return found && { name: found.name, score: found.score! }
}

/** How the measure of a clip's score is called here. */
const measureOf = (score: ClipScore): Measure =>
  score.scoreOf({ S: [2], expectedS: [1] } as never)(0) === 2 ? 's' : 'sc'

/** The distribution of a measure over all tokens of a step. */
export async function distributionOf(
  directory: string,
  { step, by }: { step: number; by: Measure },
  config: ScoreConfig,
  limits: { signal?: AbortSignal; timeout: number },
): Promise<Distribution | undefined> {
  const values: number[] = []
  const masks: boolean[] = []
  const clip = clipOf(config)
  const isOn = clip !== undefined && measureOf(clip.score) === by
  const S: number[] = []
  const expectedS: number[] = []
  const counted: number[] = []
  for await (const row of rowsOf(directory, step, limits)) {
    const counts = !(config.maskTruncated && row.finish === 'length')
    for (let i = 0; i < row.tokens.length; i++) {
      values.push(measures[by](row, i))
      masks.push(row.grad_mask[i] === false)
      if (isOn) {
        S.push(row.s[i]!)
        expectedS.push(row.expected_s[i]!)
        counted.push(counts ? 1 : 0)
      }
    }
    if (values.length > mostTokens) throw new UserError(`step ${step} has more than ${mostTokens} tokens`)
  }
  if (values.length === 0) return undefined
  const shape = binned(values, masks)
  const base = { step, by, tokens: values.length, masked: masks.filter(Boolean).length, ...shape }
  if (!isOn) return base
  const found = attempt(() => boundsOf(clip, config, { S, expectedS, isPolicyToken: Uint8Array.from(counted) }))
  return { ...base, ...(typeof found === 'string' ? { why: found } : { bounds: { by, ...found } }) }
}

/** A config that this version does not read, or a step without policy tokens, has no bounds; the page says why. */
function attempt<T>(work: () => T): T | string {
  try {
    return work()
  } catch (error) {
    return (error as Error).message
  }
}

function boundsOf(
  { name, score }: { name: string; score: ClipScore },
  { entropy, hasTarget, updatesPerBatch }: ScoreConfig,
  tokens: { S: number[]; expectedS: number[]; isPolicyToken: Uint8Array },
): Omit<Bounds, 'by'> | string {
  if (hasTarget) return 'the controller chose bounds of its own for every update (see Control)'
  if (updatesPerBatch > 1) return `each of the step’s ${updatesPerBatch} updates had bounds of its own`
  const { clip } = methodOptions(entropy as never)
  const { muLow, muHigh } = fillClipOptions(score.label, score.presets, clip as never)
  const { mean, sigma } = meanAndSigma(
    score.scoreOf({ S: Float64Array.from(tokens.S), expectedS: Float64Array.from(tokens.expectedS) }),
    tokens.isPolicyToken,
  )
  const centre = score.centreOf(mean)
  const end = (mu: number, sign: number) => (Number.isFinite(mu) ? centre + sign * mu * sigma : null)
  return { method: name, mean, sigma, low: end(muLow, -1), high: end(muHigh, 1) }
}

function binned(values: readonly number[], masks: readonly boolean[]): Pick<Distribution, 'low' | 'high' | 'bins'> {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  const bins = Array.from({ length: binCount }, () => ({ count: 0, masked: 0 }))
  values.forEach((value, i) => {
    const bin = bins[binOf(value, low, high)]!
    bin.count++
    if (masks[i]) bin.masked++
  })
  return { low, high, bins }
}

/** Which bin of a distribution from `low` to `high` a value lies in. */
const binOf = (value: number, low: number, high: number): number =>
  high > low ? Math.min(binCount - 1, Math.floor(((value - low) / (high - low)) * binCount)) : 0

/** Tokens of a step that lie in a bin of {@link distributionOf}, the farthest from 0 first. */
export async function tokensInBin(
  directory: string,
  { step, by, low, high, bin }: { step: number; by: Measure; low: number; high: number; bin: number },
  limits: { signal?: AbortSignal; timeout: number },
): Promise<{ count: number; tokens: FoundToken[] }> {
  let count = 0
  let tokens: FoundToken[] = []
  const farthest = () => {
    tokens.sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    tokens = tokens.slice(0, listed)
  }
  for await (const row of rowsOf(directory, step, limits)) {
    for (let at = 0; at < row.tokens.length; at++) {
      const value = measures[by](row, at)
      const isMasked = row.grad_mask[at] === false
      if (binOf(value, low, high) !== bin) continue
      count++
      const { prompt_id: prompt, sample } = row
      tokens.push({ prompt, sample, at, id: row.tokens[at]!, value, A: row.A(at), masked: isMasked })
    }
    if (tokens.length > 10 * listed) farthest()
  }
  farthest()
  return { count, tokens }
}
