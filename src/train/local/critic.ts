/**
 * The critic on this machine: a trunk, and a head of one row and a bias in float32. It computes on the same packed
 * micro-batches as the policy's learner; the loss and its derivative by the values are plain numbers, so all that
 * autograd sees is the values' own graph.
 */

import type { Decoder } from '../../model/decoder.js'
import { PackedBatch } from '../../model/packing.js'
import type { Parameter } from '../../model/parameters.js'
import { splitByBudget } from '../../rollout/micro-batches.js'
import { packGroups } from '../../rollout/scoring.js'
import {
  backward,
  fromData,
  fromIndices,
  gradientOf,
  indexSelect,
  keep,
  linear,
  noGrad,
  requireGrad,
  scope,
  type Tensor,
  toDtype,
  withGrad,
  zeros,
} from '../../torch/index.js'
import type {
  CompletionGroup,
  CriticUpdateOptions,
  CriticUpdateResult,
  ValueCompletion,
  ValueGroup,
} from '../ppo/critic.js'
import type { CriticTrunk } from '../ppo/section.js'
import { tokenValueLoss } from '../ppo/value-loss.js'
import { clipScale, Optimizer, type OptimizerPlace } from './optimizer.js'

interface Sequences<C> {
  prompt: ArrayLike<number>
  completions: C[]
}

export class Critic {
  readonly trunk: Decoder
  readonly kind: CriticTrunk
  readonly optimizer: Optimizer
  readonly #weight: Parameter
  readonly #bias: Parameter
  readonly #leaves: Tensor[]

  /**
   * With an own trunk the critic frees it; a frozen one stays its lender's. `place`: where the optimizer's state lies,
   * by default with the weights.
   */
  constructor(trunk: Decoder, kind: CriticTrunk, place?: OptimizerPlace) {
    this.trunk = trunk
    this.kind = kind
    this.#weight = headParameter('score.weight', [1, trunk.config.hiddenSize], trunk)
    this.#bias = headParameter('score.bias', [1], trunk)
    const { embedding } = trunk.parameters
    this.optimizer = new Optimizer(
      this.parameters().map((parameter) => ({ parameter, kind: parameter === embedding ? 'manual' : 'autograd' })),
      place,
    )
    this.#leaves = this.parameters()
      .filter((parameter) => parameter !== embedding)
      .map(({ value }) => requireGrad(value))
  }

  /** What is trained, and saved. */
  parameters(): Parameter[] {
    return [...(this.kind === 'own' ? this.trunk.list() : []), this.#weight, this.#bias]
  }

  /** V of the state that each completion token was drawn in. */
  values(groups: CompletionGroup[], { tokenBudget }: { tokenBudget: number }): Float32Array[][] {
    const results = groups.map(({ completions }) => completions.map(({ length }) => new Float32Array(length)))
    for (const batch of splitByBudget(groups, tokenBudget)) {
      const targets = batch.flatMap(({ group, completions }) => completions.map((i) => results[group][i]))
      const sequences = batch.map(({ group, completions }) => ({
        prompt: groups[group].prompt,
        completions: completions.map((i) => ({ tokens: groups[group].completions[i] })),
      }))
      noGrad(() =>
        onPack(this.trunk, sequences, (pack, rows) => {
          const hidden_T_d = pack.forward(this.trunk, this.trunk.embed(pack.tokens_T))
          const values = this.#head(rowsOf(hidden_T_d, rows)).toFloat32Array()
          let at = 0
          for (const target of targets) {
            target.set(values.subarray(at, at + target.length))
            at += target.length
          }
        }),
      )
    }
    return results
  }

  update(
    groups: ValueGroup[],
    options: CriticUpdateOptions,
    cancelled: () => boolean = () => false,
  ): CriticUpdateResult {
    const interrupted = () => options.interruptible && cancelled()
    const count = groups.reduce(
      (total, { completions }) => completions.reduce((sum, { tokens }) => sum + tokens.length, total),
      0,
    )
    const nonFinite: { group: number; completion: number; position: number }[] = []
    const sums = { loss: 0, clipped: 0 }
    this.optimizer.clearGradients()
    const shaped = groups.map(({ prompt, completions }) => ({
      prompt,
      completions: completions.map(({ tokens }) => tokens),
    }))
    for (const batch of splitByBudget(shaped, options.tokenBudget)) {
      if (interrupted()) break
      const sequences = batch.map(({ group, completions }) => ({
        prompt: groups[group].prompt,
        completions: completions.map((i) => groups[group].completions[i]),
      }))
      const places = batch.flatMap(({ group, completions }) => completions.map((completion) => ({ group, completion })))
      this.#accumulate(sequences, (completion, t, value, nth) => {
        const { loss, slope, clipped } = tokenValueLoss(
          value,
          completion.oldValue[t],
          completion.target[t],
          options.valueClip,
        )
        if (!Number.isFinite(loss)) nonFinite.push({ ...places[nth], position: t })
        sums.loss += loss / count
        if (clipped) sums.clipped++
        return slope / count
      })
      if (nonFinite.length > 0) break
    }
    const gradNorm = nonFinite.length > 0 ? Number.NaN : this.optimizer.norm()
    const finite = Number.isFinite(sums.loss) && Number.isFinite(gradNorm)
    const stopped = interrupted()
    if (finite && !stopped) this.optimizer.step(options, clipScale(gradNorm, options.gradClip))
    this.optimizer.clearGradients()
    return {
      ...sums,
      gradNorm,
      tokens: count,
      applied: finite && !stopped,
      interrupted: stopped,
      ...(finite || stopped ? {} : { nonFinite }),
    }
  }

  dispose(): void {
    this.optimizer.dispose()
    this.#weight.value.dispose()
    this.#bias.value.dispose()
    if (this.kind === 'own') this.trunk.dispose()
  }

  /** Adds one micro-batch's gradients; `slopeOf` gives d loss / dV of the `nth` completion's token t. */
  #accumulate(
    sequences: Sequences<ValueCompletion>[],
    slopeOf: (completion: ValueCompletion, t: number, value: number, nth: number) => number,
  ): void {
    const { trunk } = this
    const trains = this.kind === 'own'
    const completions = sequences.flatMap((group) => group.completions)
    onPack(trunk, sequences, (pack, rows) => {
      const x_T_d = noGrad(() => trunk.embed(pack.tokens_T))
      if (trains) requireGrad(x_T_d)
      const record = trains ? withGrad : noGrad
      const hidden_R_d = record(() => scope(() => rowsOf(pack.forward(trunk, x_T_d), rows)))
      const value_R_1 = withGrad(() => this.#head(hidden_R_d))
      const values = value_R_1.toFloat32Array()
      const slopes = new Float32Array(values.length)
      let at = 0
      completions.forEach((completion, nth) => {
        for (let t = 0; t < completion.tokens.length; t++, at++) slopes[at] = slopeOf(completion, t, values[at], nth)
      })
      const { device } = trunk
      backward(value_R_1, [...this.#leaves, ...(trains ? [x_T_d] : [])], fromData(slopes, [at, 1], { device }))
      this.optimizer.collect()
      const dEmbedding = trains ? gradientOf(x_T_d) : undefined
      if (dEmbedding) this.optimizer.addRows(trunk.parameters.embedding, pack.tokens_T, dEmbedding)
    })
  }

  /** value_R_1 in float32. */
  #head(hidden_R_d: Tensor): Tensor {
    return scope(() => {
      const wide = hidden_R_d.dtype === 'float32' ? hidden_R_d : toDtype(hidden_R_d, 'float32')
      return linear(wide, this.#weight.value, this.#bias.value)
    })
  }
}

const rowsOf = (hidden_T_d: Tensor, rows: number[]): Tensor =>
  indexSelect(hidden_T_d, 0, fromIndices(rows, undefined, hidden_T_d.device))

/** Zeros: the first values are 0, and what the head learns first is the returns' mean. */
function headParameter(name: string, shape: number[], { device }: Decoder): Parameter {
  return { name, value: keep(zeros(shape, { device })), parts: [{ name, start: 0, rows: shape[0], shape }] }
}

/** Packs the sequences; `rows` are those in whose states the completions' tokens were drawn, one after the other. */
function onPack<C extends { tokens: Int32Array }>(
  trunk: Decoder,
  sequences: Sequences<C>[],
  body: (pack: PackedBatch, rows: number[]) => void,
): void {
  scope(() => {
    const layout = packGroups(
      sequences.map(({ prompt, completions }) => ({
        prompt,
        // Behind the last token there is no further state to value.
        branches: completions.map(({ tokens }) => tokens.subarray(0, -1)),
      })),
    )
    const pack = new PackedBatch(layout.groups, trunk.device)
    try {
      const rows = sequences.flatMap(({ completions }, g) =>
        completions.flatMap(({ tokens }, branch) => layout.predictingRows(pack, g, branch, tokens.length)),
      )
      body(pack, rows)
    } finally {
      pack.dispose()
    }
  })
}
