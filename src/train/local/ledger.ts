/**
 * What an optimizer step does to the entropy of its own tokens, to first order and as measured.
 *
 * With H the mean entropy over the batch's policy tokens and d theta the step really taken (AdamW, clipping and all):
 *   exact = <grad H, d theta>,   measured = H(theta + d theta) - H(theta)
 * AdamW's step is d theta = -lr wd theta - P (b1 m + (1 - b1) s g), with g the gradient of the loss, s the clipping's
 * factor and the diagonal P = lr / (1 - b1^n) / (sqrt(v^) + eps). With P held fixed, exact falls into the share of the
 * weight decay, that of the old momentum m, and <grad H, D grad J_t> of every token t, D = (1 - b1) s P. The last is the
 * derivative of the token's objective along D grad H: for all tokens at once, one central difference (two forward
 * passes) of log p and H. Half-precision weights are the rounding of masters that AdamW moves: d theta is what became of
 * the weights, the shares are the masters', and what the rounding does is the difference.
 *
 * Order in an update: grad H; the objective's gradients; `beforeStep`; the step; `afterStep`. Parameters are put back
 * bit for bit, so a run is the same with the ledger and without it.
 */
import type { Decoder } from '../../model/decoder.js'
import type { Parameter } from '../../model/parameters.js'
import { scoreCompletions } from '../../rollout/scoring.js'
import type { TokenStatistics } from '../../rollout/types.js'
import {
  add,
  cat,
  clone,
  copyInto,
  div,
  full,
  keep,
  mul,
  noGrad,
  reshape,
  scope,
  sqrt,
  sub,
  sum,
  type Tensor,
  toDevice,
  toDtype,
} from '../../torch/index.js'
import type { LedgerReading, TrainCompletion, TrainGroup, UpdateOptions } from '../backend.js'
import type { Optimizer, OptimizerSlot } from './optimizer.js'

/** Length of the central difference's step, as a share of the parameters' norm. */
const differenceStep = 1e-4

export class Ledger {
  readonly #model: Decoder
  readonly #optimizer: Optimizer
  readonly #groups: TrainGroup[]
  readonly #options: UpdateOptions
  readonly #entropyBefore: number
  /** grad H, where it is not 0 throughout. */
  readonly #gradH = new Map<Parameter, Tensor>()
  /** The parameters before the step. */
  readonly #before = new Map<Parameter, Tensor>()
  #shares: Pick<LedgerReading, 'momentum' | 'decay' | 'gradient' | 'tokens'> | undefined

  /** The optimizer holds the gradients of the loss -H(theta), whose value is -entropyBefore; they are copied. */
  constructor(
    model: Decoder,
    optimizer: Optimizer,
    groups: TrainGroup[],
    options: UpdateOptions,
    entropyBefore: number,
  ) {
    this.#model = model
    this.#optimizer = optimizer
    this.#groups = groups
    this.#options = options
    this.#entropyBefore = entropyBefore
    noGrad(() =>
      scope(() => {
        for (const { parameter, gradient } of optimizer.slots()) {
          if (gradient) this.#gradH.set(parameter, keep(mul(gradient, -1)))
        }
      }),
    )
  }

  /** With the objective's gradients in place, which the step will multiply by `scale`. */
  beforeStep(scale: number): void {
    const { lr, betas, weightDecay } = this.#options
    const own = (1 - betas[0]) * scale
    let [momentum, decay, gradientShare, directionSquared, lengthSquared] = [0, 0, 0, 0, 0]
    const products = new InnerProducts()
    this.#eachSlot((slot) => {
      const { parameter, master, gradient, firstMoment } = slot
      this.#before.set(parameter, keep(clone(parameter.value)))
      products.ask(parameter.value, parameter.value, (product) => {
        lengthSquared += product
      })
      const rescaled = this.#rescaledGradH(slot, scale)
      if (!rescaled) return
      products.ask(rescaled, rescaled, (product) => {
        directionSquared += own ** 2 * product
      })
      products.ask(this.#gradH.get(parameter)!, master ?? parameter.value, (product) => {
        decay -= lr * weightDecay * product
      })
      if (firstMoment) {
        products.ask(rescaled, firstMoment, (product) => {
          momentum -= betas[0] * product
        })
      }
      if (gradient) {
        products.ask(rescaled, gradient, (product) => {
          gradientShare -= own * product
        })
      }
    })
    products.tell()
    // Half-precision weights would round the difference's step away.
    const exactTypes = ['float32', 'float64'].includes(this.#model.dtype)
    const step = (differenceStep * Math.sqrt(lengthSquared)) / Math.sqrt(directionSquared)
    const tokens = exactTypes ? this.#tokensAlongDirection(scale, Number.isFinite(step) ? step : 0) : undefined
    this.#shares = { momentum, decay, gradient: gradientShare, tokens }
  }

  /** After the step. */
  afterStep(): LedgerReading {
    let exact = 0
    const products = new InnerProducts()
    this.#eachSlot(({ parameter }) => {
      const gradH = this.#gradH.get(parameter)
      if (!gradH) return
      products.ask(gradH, sub(wide(parameter.value), wide(this.#before.get(parameter)!)), (product) => {
        exact += product
      })
    })
    products.tell()
    const { temperature, tokenBudget } = this.#options
    const [groups] = meanEntropyTask(this.#groups, this.#options)
    const after = scoreCompletions(
      this.#model,
      groups.map(({ prompt, completions }) => ({ prompt, completions: completions.map(({ tokens }) => tokens) })),
      { temperature, tokenBudget },
    )
    const entropyAfter = groups.reduce(
      (total, { completions }, g) =>
        completions.reduce(
          (sum, { weight }, c) => weight.reduce((mean, share, t) => mean + share * after[g][c].entropy[t], sum),
          total,
        ),
      0,
    )
    return { entropyBefore: this.#entropyBefore, entropyAfter, exact, ...this.#shares! }
  }

  dispose(): void {
    for (const tensor of [...this.#gradH.values(), ...this.#before.values()]) tensor.dispose()
    this.#gradH.clear()
    this.#before.clear()
  }

  #eachSlot(visit: (slot: OptimizerSlot) => void): void {
    noGrad(() =>
      scope(() => {
        for (const slot of this.#optimizer.slots()) scope(() => visit(slot))
      }),
    )
  }

  /** P grad H of one parameter, P as the coming step will have it. */
  #rescaledGradH({ parameter, gradient, secondMoment }: OptimizerSlot, scale: number): Tensor | undefined {
    const gradH = this.#gradH.get(parameter)
    if (!gradH) return undefined
    const { lr, betas, eps } = this.#options
    const n = this.#optimizer.count + 1
    const [b1, b2] = betas
    const correction = 1 - b2 ** n
    const parts: Tensor[] = []
    // The optimizer's state may lie on another device.
    if (secondMoment) parts.push(mul(toDevice(secondMoment, gradH.device), b2 / correction))
    if (gradient) parts.push(mul(mul(gradient, gradient), ((1 - b2) * scale ** 2) / correction))
    const root = parts.length > 0 ? sqrt(parts.length > 1 ? add(parts[0], parts[1]) : parts[0]) : undefined
    const offset = full([], eps, { dtype: gradH.dtype, device: gradH.device })
    return mul(div(gradH, root ? add(root, offset) : offset), lr / (1 - b1 ** n))
  }

  /** d log p_t and d H_t along D grad H at the parameters before the step. */
  #tokensAlongDirection(scale: number, step: number): LedgerReading['tokens'] {
    const moving = this.#groups.map(({ completions }) =>
      completions.flatMap((completion, c) => (step > 0 && hasSlope(completion, this.#options) ? [c] : [])),
    )
    const groups = this.#groups.flatMap(({ prompt, completions }, g) =>
      moving[g].length > 0 ? [{ prompt, completions: moving[g].map((c) => completions[c].tokens) }] : [],
    )
    const at = (sign: number): TokenStatistics[][] => {
      this.#moveTo(sign * step * (1 - this.#options.betas[0]) * scale, scale)
      return scoreCompletions(this.#model, groups, this.#options)
    }
    const [above, below] = groups.length > 0 ? [at(1), at(-1)] : [[], []]
    this.#moveTo(0, scale)
    let place = 0
    return this.#groups.map(({ completions }, g) => {
      const group = moving[g].length > 0 ? place++ : -1
      return completions.map(({ tokens }, c) => {
        const difference = (name: 'logprob' | 'entropy') => {
          const found = moving[g].indexOf(c)
          const change = new Float64Array(tokens.length)
          if (found < 0) return change
          const [up, down] = [above[group][found][name], below[group][found][name]]
          return change.map((_, t) => (up[t] - down[t]) / (2 * step))
        }
        return { logprob: difference('logprob'), entropy: difference('entropy') }
      })
    })
  }

  /** theta + factor P grad H. */
  #moveTo(factor: number, scale: number): void {
    this.#eachSlot((slot) => {
      const before = this.#before.get(slot.parameter)!
      const rescaled = factor === 0 ? undefined : this.#rescaledGradH(slot, scale)
      copyInto(slot.parameter.value, rescaled ? sub(before, rescaled, -factor) : before)
    })
  }
}

/** The update whose loss is -H: every policy token weighs 1/N, and nothing else pulls. */
export function meanEntropyTask(groups: TrainGroup[], options: UpdateOptions): [TrainGroup[], UpdateOptions] {
  const all = groups.flatMap(({ completions }) => completions)
  const policyTokens = all.reduce((n, { weight }) => weight.reduce((count, w) => count + (w === 0 ? 0 : 1), n), 0)
  const plain = ({ tokens, rolloutLogprob, weight }: TrainCompletion): TrainCompletion => ({
    tokens,
    rolloutLogprob,
    advantage: new Float32Array(tokens.length),
    gradMask: new Uint8Array(tokens.length),
    weight: weight.map((w) => (w === 0 ? 0 : 1 / policyTokens)),
  })
  return [
    groups.map(({ prompt, completions }) => ({ prompt, completions: completions.map(plain) })),
    { ...options, distributions: false, objective: { ...options.objective, klCoef: 0, entropyCoef: 1 } },
  ]
}

/** Whether the objective of any token of the completion depends on the policy, masked tokens included. */
function hasSlope({ weight, advantage, rolloutKlCoef }: TrainCompletion, { objective }: UpdateOptions): boolean {
  if (!weight.some((w) => w !== 0)) return false
  if (objective.klCoef > 0 || objective.entropyCoef !== 0) return true
  return advantage.some((a) => a !== 0) || (rolloutKlCoef?.some((coef) => coef !== 0) ?? false)
}

const wide = (x: Tensor): Tensor => (x.dtype === 'float32' || x.dtype === 'float64' ? x : toDtype(x, 'float32'))

/** Inner products that stay on the device until all of them are told, in one look. */
class InnerProducts {
  readonly #asked: { product_1: Tensor; use: (product: number) => void }[] = []

  /** <a, b>, summed in float64 where `a` lies. */
  ask(a: Tensor, b: Tensor, use: (product: number) => void): void {
    const product = sum(mul(wide(a), wide(toDevice(b, a.device))), undefined, false, 'float64')
    this.#asked.push({ product_1: keep(reshape(product, [1])), use })
  }

  /** In the order in which they were asked for. */
  tell(): void {
    const asked = this.#asked.splice(0)
    if (asked.length === 0) return
    const products = scope(() =>
      cat(
        asked.map(({ product_1 }) => product_1),
        0,
      ).toArray(),
    )
    asked.forEach(({ product_1, use }, i) => {
      product_1.dispose()
      use(products[i])
    })
  }
}
