/** One optimizer step of a table, by the gradient in closed form. */
import type {
  LedgerReading,
  TokenUpdate,
  TrainCompletion,
  TrainGroup,
  UpdateOptions,
  UpdateResult,
} from '../../src/train/backend.js'
import { tokenValue } from './objective.js'
import { type Parameters, type Row, rowOf, scoresOf } from './policy.js'

type Place = { group: number; completion: number; position: number }

interface Gathered {
  /** Of the objective, which the step ascends. */
  gradient: Float64Array
  objective: number
  tokens: TokenUpdate[][]
  nonFinite: Place[]
  trainedTokens: number
}

export function updateTable(
  policy: Parameters,
  vocabulary: number,
  groups: readonly TrainGroup[],
  options: UpdateOptions,
  cancelled: boolean,
): UpdateResult {
  const began = performance.now()
  const rows = rowsOf(policy, vocabulary, options.temperature)
  const { gradient, objective, tokens, nonFinite, trainedTokens } = gather(rows, vocabulary, groups, options)
  const gradNorm = nonFinite.length > 0 ? Number.NaN : Math.hypot(...gradient)
  const interrupted = options.interruptible && cancelled
  const finite = nonFinite.length === 0 && Number.isFinite(gradNorm)
  const applied = finite && !interrupted
  const scale = gradNorm > options.gradClip ? options.gradClip / gradNorm : 1
  const before = policy.copy()
  if (applied) {
    policy.step(
      gradient.map((g) => -g * scale),
      options,
    )
  }
  return {
    loss: nonFinite.length > 0 ? Number.NaN : -objective,
    gradNorm,
    applied,
    interrupted,
    ...(finite || interrupted ? {} : { nonFinite: { what: 'loss', tokens: nonFinite } }),
    tokens,
    ...(options.ledger && applied ? { ledger: ledgerOf(before, policy, vocabulary, groups, options) } : {}),
    seconds: (performance.now() - began) / 1000,
    trainedTokens,
  }
}

const rowsOf = (policy: Parameters, vocabulary: number, temperature: number): Row[] =>
  Array.from({ length: vocabulary }, (_, after) => rowOf(policy, vocabulary, after, temperature))

function gather(rows: readonly Row[], V: number, groups: readonly TrainGroup[], options: UpdateOptions): Gathered {
  const { objective: terms, temperature } = options
  const gradient = new Float64Array(V * V)
  const nonFinite: Place[] = []
  let objective = 0
  let trainedTokens = 0
  const tokens = groups.map(({ prompt, completions }, group) => {
    trainedTokens += prompt.length
    return completions.map((completion, c): TokenUpdate => {
      const { length } = completion.tokens
      trainedTokens += length
      const update = emptyUpdate(completion, options)
      for (let t = 0; t < length; t++) {
        const after = t === 0 ? prompt[prompt.length - 1] : completion.tokens[t - 1]
        const token = completion.tokens[t]
        const row = rows[after]
        const own = tokenValue(
          {
            logprob: row.logp[token],
            rolloutLogprob: completion.rolloutLogprob[t],
            ratio: completion.ratio?.[t],
            referenceLogprob: completion.referenceLogprob?.[t],
            rolloutKlCoef: completion.rolloutKlCoef?.[t],
            advantage: completion.advantage[t],
            entropy: row.entropy,
          },
          terms,
        )
        const weight = completion.weight[t]
        const counted = completion.gradMask[t] ? own.value : terms.entropyCoef * row.entropy
        if (weight !== 0 && !Number.isFinite(counted)) nonFinite.push({ group, completion: c, position: t })
        update.logprob[t] = row.logp[token]
        update.slope[t] = own.slope
        update.clipped[t] = own.clipped ? 1 : 0
        if (update.kl && own.kl !== undefined) update.kl[t] = own.kl
        const S = scoresOf(row)
        if (update.distribution) {
          update.distribution.entropy[t] = row.entropy
          update.distribution.centredScore[t] = S[token] - S.reduce((sum, s, i) => sum + s * row.p[i], 0)
          update.distribution.top[t] = row.p.every((p) => p <= row.p[token]) ? 1 : 0
        }
        if (weight === 0) continue
        const slope = completion.gradMask[t] ? own.slope * weight : 0
        objective += weight * counted
        for (let i = 0; i < V; i++) {
          const along = slope * ((i === token ? 1 : 0) - row.p[i]) - terms.entropyCoef * weight * S[i]
          gradient[after * V + i] += along / temperature
        }
      }
      return update
    })
  })
  return { gradient, objective, tokens, nonFinite, trainedTokens }
}

function emptyUpdate({ tokens, referenceLogprob }: TrainCompletion, { distributions }: UpdateOptions): TokenUpdate {
  const floats = () => new Float32Array(tokens.length)
  return {
    logprob: floats(),
    slope: floats(),
    clipped: new Uint8Array(tokens.length),
    ...(referenceLogprob ? { kl: floats() } : {}),
    ...(distributions
      ? { distribution: { entropy: floats(), centredScore: floats(), top: new Uint8Array(tokens.length) } }
      : {}),
  }
}

/** Mean entropy of the policy's tokens and its gradient: the objective with a bonus of 1 / N and nothing else. */
function meanEntropy(policy: Parameters, V: number, groups: readonly TrainGroup[], options: UpdateOptions) {
  const counted = (weight: number) => (weight === 0 ? 0 : 1)
  const count = groups.reduce(
    (sum, { completions }) =>
      completions.reduce((total, { weight }) => total + weight.reduce((all, w) => all + counted(w), 0), sum),
    0,
  )
  const only: TrainGroup[] = groups.map(({ prompt, completions }) => ({
    prompt,
    completions: completions.map(({ tokens, weight }) => ({
      tokens,
      rolloutLogprob: new Float32Array(tokens.length),
      advantage: new Float32Array(tokens.length),
      gradMask: new Uint8Array(tokens.length),
      weight: weight.map((w) => counted(w) / count),
    })),
  }))
  const objective = { ...options.objective, klCoef: 0, entropyCoef: 1 }
  const gathered = gather(rowsOf(policy, V, options.temperature), V, only, { ...options, objective })
  return { entropy: gathered.objective, gradient: gathered.gradient }
}

/** The step's parts of AdamW at the diagonal that the step had. */
function ledgerOf(
  before: Parameters,
  after: Parameters,
  V: number,
  groups: readonly TrainGroup[],
  options: UpdateOptions,
): LedgerReading {
  const { lr, betas, eps, weightDecay } = options
  const start = meanEntropy(before, V, groups, options)
  const along = (direction: (i: number) => number) => start.gradient.reduce((sum, g, i) => sum + g * direction(i), 0)
  const diagonal = (i: number) =>
    lr / (1 - betas[0] ** after.updates) / (Math.sqrt(after.second[i] / (1 - betas[1] ** after.updates)) + eps)
  const momentum = along((i) => -diagonal(i) * betas[0] * before.first[i])
  const decay = along((i) => -lr * weightDecay * before.values[i])
  return {
    entropyBefore: start.entropy,
    entropyAfter: meanEntropy(after, V, groups, options).entropy,
    exact: along((i) => after.values[i] - before.values[i]),
    momentum,
    decay,
    gradient: along((i) => -diagonal(i) * (after.first[i] - betas[0] * before.first[i])),
  }
}
