/** Gradients and AdamW's state of a policy's parameters. */
import type { Parameter } from '../../model/parameters.js'
import {
  type AdamWOptions,
  adamw_,
  clearGradient,
  dot,
  fill_,
  gradientOf,
  keep,
  mul_,
  noGrad,
  reshape,
  scope,
  type Tensor,
  toDtype,
  zeros,
} from '../../torch/index.js'

/** Where a parameter's gradient is gathered: by autograd on the leaf, or by hand in a buffer of ours. */
export type GradientKind = 'autograd' | 'manual'

/** What the optimizer holds of one parameter; the moments exist from the first step on. */
export interface OptimizerSlot {
  parameter: Parameter
  gradient?: Tensor
  firstMoment?: Tensor
  secondMoment?: Tensor
}

interface Slot extends OptimizerSlot {
  kind: GradientKind
  /** The buffer of a manual gradient. */
  gradient?: Tensor
}

export class Optimizer {
  readonly #slots: Slot[]
  #count = 0

  constructor(parameters: { parameter: Parameter; kind: GradientKind }[]) {
    this.#slots = parameters.map((entry) => ({ ...entry }))
  }

  /** Updates made so far. */
  get count(): number {
    return this.#count
  }

  /** The zeroed or accumulated gradient buffer of a manual parameter. */
  buffer(parameter: Parameter): Tensor {
    const slot = this.#slots.find((candidate) => candidate.parameter === parameter)
    if (slot?.kind !== 'manual') throw new Error(`${parameter.name} has no gradient buffer`)
    slot.gradient ??= keep(zerosLike(parameter.value))
    return slot.gradient
  }

  /** Every parameter with its gradient, where it has one, and its moments. */
  *slots(): Generator<OptimizerSlot> {
    const gradients = this.#gradients()
    for (const slot of this.#slots) {
      const { parameter, firstMoment, secondMoment } = slot
      yield { parameter, gradient: gradients.get(slot), firstMoment, secondMoment }
    }
  }

  /** L2 norm over all gradients. */
  norm(): number {
    return noGrad(() =>
      scope(() => {
        let squares = 0
        for (const gradient of this.#gradients().values()) {
          const flat = reshape(gradient, [gradient.size])
          const wide = flat.dtype === 'float32' ? flat : toDtype(flat, 'float32')
          squares += dot(wide, wide).item()
        }
        return Math.sqrt(squares)
      }),
    )
  }

  /** One AdamW step with the gradients scaled by `scale`. */
  step(options: AdamWOptions, scale: number): void {
    noGrad(() =>
      scope(() => {
        const gradients = this.#gradients()
        // A parameter that nothing reached has the gradient 0, not none: its moments decay like the others'.
        for (const slot of this.#slots) if (!gradients.has(slot)) gradients.set(slot, zerosLike(slot.parameter.value))
        const slots = [...gradients.keys()]
        if (scale !== 1) for (const gradient of gradients.values()) mul_(gradient, scale)
        for (const slot of slots) this.#ensureMoments(slot)
        this.#count++
        const { device } = this.#slots[0].parameter.value
        // The fused kernel takes tensors of one element type at a time.
        for (const dtype of new Set(slots.map(({ parameter }) => parameter.value.dtype))) {
          const alike = slots.filter(({ parameter }) => parameter.value.dtype === dtype)
          const counts = alike.map(() => zeros([], { device }))
          for (const count of counts) fill_(count, this.#count)
          adamw_(
            alike.map(({ parameter }) => parameter.value),
            alike.map((slot) => gradients.get(slot)!),
            alike.map(({ firstMoment }) => firstMoment!),
            alike.map(({ secondMoment }) => secondMoment!),
            counts,
            options,
          )
        }
      }),
    )
  }

  clearGradients(): void {
    for (const { kind, parameter, gradient } of this.#slots) {
      if (kind === 'autograd') clearGradient(parameter.value)
      else if (gradient) fill_(gradient, 0)
    }
  }

  /** AdamW's moments under `NAME.exp_avg` and `NAME.exp_avg_sq`, as far as they exist. */
  *moments(): Generator<{ name: string; tensor: Tensor }> {
    for (const { parameter, firstMoment, secondMoment } of this.#slots) {
      if (firstMoment) yield { name: `${parameter.name}.exp_avg`, tensor: firstMoment }
      if (secondMoment) yield { name: `${parameter.name}.exp_avg_sq`, tensor: secondMoment }
    }
  }

  /** Makes the moments that a saved state will fill. */
  restore(count: number, fill: (name: string, tensor: Tensor) => void): void {
    this.#count = count
    if (count === 0) return
    for (const slot of this.#slots) {
      this.#ensureMoments(slot)
      fill(`${slot.parameter.name}.exp_avg`, slot.firstMoment!)
      fill(`${slot.parameter.name}.exp_avg_sq`, slot.secondMoment!)
    }
  }

  dispose(): void {
    for (const { gradient, firstMoment, secondMoment } of this.#slots) {
      gradient?.dispose()
      firstMoment?.dispose()
      secondMoment?.dispose()
    }
  }

  #gradients(): Map<Slot, Tensor> {
    const found = new Map<Slot, Tensor>()
    for (const slot of this.#slots) {
      const gradient = slot.kind === 'manual' ? slot.gradient : gradientOf(slot.parameter.value)
      if (gradient) found.set(slot, gradient)
    }
    return found
  }

  #ensureMoments(slot: Slot): void {
    const { value } = slot.parameter
    slot.firstMoment ??= keep(zerosLike(value))
    slot.secondMoment ??= keep(zerosLike(value))
  }
}

/** What a gradient is multiplied by so that its norm stays within `gradClip`; as torch.nn.utils.clip_grad_norm_. */
export const clipScale = (norm: number, gradClip: number): number =>
  Number.isFinite(gradClip) ? Math.min(1, gradClip / (norm + 1e-6)) : 1

const zerosLike = ({ shape, device, dtype }: Tensor): Tensor => zeros(shape, { device, dtype })
