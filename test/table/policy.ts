/**
 * A policy that is a table: row a holds the logits of what follows token a. Everything about it is known in closed form,
 * in float64: its distributions, their moments, the gradient of any objective, and AdamW.
 */
import type { TokenStatistics } from '../../src/rollout/types.js'

export interface Row {
  p: Float64Array
  logp: Float64Array
  /** Nats. */
  entropy: number
}

export interface AdamW {
  lr: number
  betas: readonly [number, number]
  eps: number
  weightDecay: number
}

/** Numbers with their AdamW state; JSON. */
export class Parameters {
  values: number[]
  first: number[]
  second: number[]
  updates = 0

  constructor(values: number[]) {
    this.values = values
    this.first = values.map(() => 0)
    this.second = values.map(() => 0)
  }

  /** Descends `gradient` (Loshchilov and Hutter, 2019). */
  step(gradient: Float64Array, { lr, betas, eps, weightDecay }: AdamW): void {
    const n = ++this.updates
    for (let i = 0; i < this.values.length; i++) {
      const g = gradient[i]
      this.first[i] = betas[0] * this.first[i] + (1 - betas[0]) * g
      this.second[i] = betas[1] * this.second[i] + (1 - betas[1]) * g * g
      const mean = this.first[i] / (1 - betas[0] ** n)
      const size = Math.sqrt(this.second[i] / (1 - betas[1] ** n))
      this.values[i] -= lr * weightDecay * this.values[i] + (lr * mean) / (size + eps)
    }
  }

  copy(): Parameters {
    return Object.assign(new Parameters([...this.values]), structuredClone({ ...this }))
  }
}

/** softmax(logits / T), and its entropy. */
export function rowOf(parameters: Parameters, vocabulary: number, after: number, temperature: number): Row {
  const logits = parameters.values.slice(after * vocabulary, (after + 1) * vocabulary).map((z) => z / temperature)
  const top = Math.max(...logits)
  const logA = top + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - top), 0))
  const logp = Float64Array.from(logits, (z) => z - logA)
  const p = logp.map(Math.exp)
  return { p, logp, entropy: -logp.reduce((sum, l, i) => sum + p[i] * l, 0) }
}

/** S_i = p_i (H + log p_i): minus the derivative of H with respect to logit i (of softmax(z)). */
export const scoresOf = ({ p, logp, entropy }: Row): Float64Array => p.map((value, i) => value * (entropy + logp[i]))

/** Statistics of the tokens, each behind the one before it, the first behind the prompt's last. */
export function statisticsOf(
  row: (after: number) => Row,
  prompt: ArrayLike<number>,
  tokens: ArrayLike<number>,
): TokenStatistics {
  const each = Array.from(tokens, (token, t) => {
    const own = row(t === 0 ? prompt[prompt.length - 1] : tokens[t - 1])
    const S = scoresOf(own)
    const sum = (of: (p: number, i: number) => number) => own.p.reduce((total, p, i) => total + of(p, i), 0)
    return {
      logprob: own.logp[token],
      entropy: own.entropy,
      sumP2: sum((p) => p * p),
      sumP2LogP: sum((p, i) => p * p * own.logp[i]),
      S: S[token],
      expectedS: sum((p, i) => p * S[i]),
      sumS2: S.reduce((total, s) => total + s * s, 0),
      top: own.p.every((p) => p <= own.p[token]) ? 1 : 0,
    }
  })
  const floats = (name: Exclude<keyof TokenStatistics, 'top'>) => Float32Array.from(each, (one) => one[name])
  return {
    logprob: floats('logprob'),
    entropy: floats('entropy'),
    sumP2: floats('sumP2'),
    sumP2LogP: floats('sumP2LogP'),
    S: floats('S'),
    expectedS: floats('expectedS'),
    sumS2: floats('sumS2'),
    top: Uint8Array.from(each, ({ top }) => top),
  }
}
