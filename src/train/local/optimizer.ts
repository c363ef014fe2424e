/**
 * Gradients and AdamW's state of a policy's parameters. Weights in half precision have a float32 master: AdamW moves the
 * master, whose rounding the weights then are, so that steps too small for a half-precision number add up all the same.
 * Their gradients are summed in float32 over the micro-batches. State may lie on another device than the weights.
 */
import type { Parameter } from '../../model/parameters.js'
import {
  type AdamWOptions,
  accumulate_,
  adamw_,
  cat,
  clearGradient,
  copyInto,
  type Device,
  type Dtype,
  dot,
  dtypes,
  full,
  gradientOf,
  indexPut_,
  isHalf,
  keep,
  mul_,
  noGrad,
  reshape,
  scope,
  type Tensor,
  toDevice,
  toDtype,
  zeros,
} from '../../torch/index.js'

/** Where a parameter's gradient is gathered: by autograd on the leaf, or by hand in a buffer of ours. */
export type GradientKind = 'autograd' | 'manual'

/** Where the optimizer's state lies, and how a tensor gets there: itself where it is there already, else a copy. */
export interface OptimizerPlace {
  device: Device
  bring(tensor: Tensor): Tensor
}

export const placeOn = (device: Device): OptimizerPlace => ({ device, bring: (tensor) => toDevice(tensor, device) })

/** What the optimizer holds of one parameter; moments and masters exist from the first step on. */
export interface OptimizerSlot {
  parameter: Parameter
  /** On the parameter's device; float32 for weights in half precision. */
  gradient?: Tensor
  /** The float32 weights that half-precision ones are the rounding of. */
  master?: Tensor
  firstMoment?: Tensor
  secondMoment?: Tensor
}

/** Bytes of the state of `count` trained numbers: two float32 moments, and the masters of half-precision weights. */
export const stateBytes = (count: number, dtype: Dtype): number =>
  count * dtypes.float32.bytes * (isHalf(dtype) ? 3 : 2)

interface Slot extends OptimizerSlot {
  kind: GradientKind
  /** The buffer of a manual gradient, or the sum of a half-precision leaf's. */
  gradient?: Tensor
}

export class Optimizer {
  readonly #slots: Slot[]
  readonly #place: OptimizerPlace
  #count = 0

  /** `place`: by default the parameters' own device. */
  constructor(parameters: { parameter: Parameter; kind: GradientKind }[], place?: OptimizerPlace) {
    this.#slots = parameters.map((entry) => ({ ...entry }))
    this.#place = place ?? placeOn(parameters[0].parameter.value.device)
  }

  /** Updates made so far. */
  get count(): number {
    return this.#count
  }

  /** The gradient buffer of a manual parameter, zeros at first. */
  buffer(parameter: Parameter): Tensor {
    const slot = this.#slots.find((candidate) => candidate.parameter === parameter)
    if (slot?.kind !== 'manual') throw new Error(`${parameter.name} has no gradient buffer`)
    const { shape, device, dtype } = parameter.value
    slot.gradient ??= keep(zeros(shape, { device, dtype: wideType(dtype) }))
    return slot.gradient
  }

  /** Adds rows_T_d to the gradient of an embedding's rows `index_T`. */
  addRows(parameter: Parameter, index_T: Tensor, rows_T_d: Tensor): void {
    noGrad(() =>
      scope(() => {
        const buffer = this.buffer(parameter)
        const rows = rows_T_d.dtype === buffer.dtype ? rows_T_d : toDtype(rows_T_d, buffer.dtype)
        indexPut_(buffer, [index_T], rows, true)
      }),
    )
  }

  /**
   * After a backward pass: takes the gradients that it left on half-precision leaves into their float32 sums. What a
   * leaf holds by then is of this pass alone, so no sum is ever rounded to half precision.
   */
  collect(): void {
    noGrad(() => {
      for (const slot of this.#slots) {
        const { kind, parameter } = slot
        if (kind === 'manual' || !isHalf(parameter.value.dtype)) continue
        scope(() => {
          const gradient = gradientOf(parameter.value)
          if (!gradient) return
          if (slot.gradient) accumulate_(slot.gradient, gradient)
          else slot.gradient = keep(toDtype(gradient, 'float32'))
          clearGradient(parameter.value)
        })
      }
    })
  }

  /** Every parameter with its gradient, where it has one, and its state. */
  *slots(): Generator<OptimizerSlot> {
    for (const slot of this.#slots) {
      const { parameter, master, firstMoment, secondMoment } = slot
      yield { parameter, gradient: gathered(slot), master, firstMoment, secondMoment }
    }
  }

  /** L2 norm over all gradients. */
  norm(): number {
    return noGrad(() =>
      scope(() => {
        const squares = this.#slots.flatMap((slot) =>
          scope(() => {
            const gradient = gathered(slot)
            if (!gradient) return []
            const flat = reshape(gradient, [gradient.size])
            return [reshape(dot(flat, flat), [1])]
          }),
        )
        // One look at the device for all of them.
        if (squares.length === 0) return 0
        return Math.sqrt(
          cat(squares, 0)
            .toArray()
            .reduce((total, square) => total + square, 0),
        )
      }),
    )
  }

  /** One AdamW step with the gradients scaled by `scale`; each is released as soon as its parameter has moved. */
  step(options: AdamWOptions, scale: number): void {
    this.#count++
    noGrad(() => {
      for (const slot of this.#slots) {
        scope(() => this.#stepOne(slot, options, scale))
        release(slot)
      }
    })
  }

  #stepOne(slot: Slot, options: AdamWOptions, scale: number): void {
    const { value } = slot.parameter
    const { device, bring } = this.#place
    this.#ensureState(slot)
    const gradient = gathered(slot)
    // A parameter that nothing reached has the gradient 0, not none: its moments decay like the others'.
    const there = gradient ? bring(gradient) : zeros(value.shape, { device, dtype: wideType(value.dtype) })
    if (scale !== 1) mul_(there, scale)
    const weight = slot.master ?? bring(value)
    const count = full([], this.#count, { device })
    adamw_([weight], [there], [slot.firstMoment!], [slot.secondMoment!], [count], options)
    if (weight !== value) copyInto(value, weight)
  }

  /** Releases all gradients. */
  clearGradients(): void {
    for (const slot of this.#slots) release(slot)
  }

  /** AdamW's moments and the masters under `NAME.exp_avg`, `NAME.exp_avg_sq` and `NAME.master`, as far as they exist. */
  *state(): Generator<{ name: string; tensor: Tensor }> {
    for (const slot of this.#slots) {
      for (const [suffix, key] of stateKeys) {
        const tensor = slot[key]
        if (tensor) yield { name: `${slot.parameter.name}.${suffix}`, tensor }
      }
    }
  }

  /** Makes the state that a saved one will fill; without updates there is none. */
  restore(count: number, fill: (name: string, tensor: Tensor) => void): void {
    this.#count = count
    for (const slot of this.#slots) for (const [, key] of stateKeys) drop(slot, key)
    if (count === 0) return
    for (const slot of this.#slots) this.#ensureState(slot)
    for (const { name, tensor } of this.state()) fill(name, tensor)
  }

  /** The weights have become others: their masters are made anew from them. */
  forgetMasters(): void {
    for (const slot of this.#slots) drop(slot, 'master')
  }

  dispose(): void {
    for (const slot of this.#slots) {
      for (const [, key] of stateKeys) drop(slot, key)
      if (slot.gradient) release(slot)
    }
  }

  #ensureState(slot: Slot): void {
    const { shape, dtype } = slot.parameter.value
    const { device } = this.#place
    const zero = () => keep(zeros(shape, { device, dtype: wideType(dtype) }))
    slot.firstMoment ??= zero()
    slot.secondMoment ??= zero()
    if (isHalf(dtype) && !slot.master) {
      slot.master = zero()
      const { master } = slot
      noGrad(() => copyInto(master, slot.parameter.value))
    }
  }
}

const stateKeys = [
  ['exp_avg', 'firstMoment'],
  ['exp_avg_sq', 'secondMoment'],
  ['master', 'master'],
] as const

const wideType = (dtype: Dtype): Dtype => (isHalf(dtype) ? 'float32' : dtype)

/** The gradient summed so far, in the scope of the caller where autograd holds it. */
const gathered = ({ kind, parameter, gradient }: Slot): Tensor | undefined =>
  kind === 'manual' || isHalf(parameter.value.dtype) ? gradient : gradientOf(parameter.value)

function drop(slot: Slot, key: (typeof stateKeys)[number][1]): void {
  slot[key]?.dispose()
  slot[key] = undefined
}

function release(slot: Slot): void {
  if (slot.kind === 'autograd') clearGradient(slot.parameter.value)
  slot.gradient?.dispose()
  slot.gradient = undefined
}

/** What a gradient is multiplied by so that its norm stays within `gradClip`; as torch.nn.utils.clip_grad_norm_. */
export const clipScale = (norm: number, gradClip: number): number =>
  Number.isFinite(gradClip) ? Math.min(1, gradClip / (norm + 1e-6)) : 1
