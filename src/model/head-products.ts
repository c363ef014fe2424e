/**
 * The output head's products with its logits in float32, whatever the type of the weights: rounding to bfloat16 would
 * move a logit of 20 by up to 0.06, and with it every statistic of the distribution. Tensor cores sum half-precision
 * products in float32 anyway and give them out so. Elsewhere the weight is widened, a slice of the vocabulary at a time.
 */
import {
  accumulate_,
  addmm_,
  copyInto,
  empty,
  isHalf,
  mm,
  mmInto,
  mmWide,
  narrow,
  scope,
  type Tensor,
  toDtype,
  transpose,
  zeros,
} from '../torch/index.js'

/** Elements of a widened slice, 8 MiB: it stays in the cache between the products that it is made for. */
const sliceElements = 2 ** 21
/** Elements of the weight gradient that are computed at once before they are added. */
const gradientElements = 2 ** 24

/** The products of rows x_R_d and of gradients g_R_V (float32, or all of one wide type) with a head's weight_V_d. */
export interface HeadProducts {
  /** x W^T. */
  logits(x_R_d: Tensor): Tensor
  /** g W in the type of the hidden states; adds g^T x to `dWeight_V_d` (float32 where the weights are half). */
  backward(g_R_V: Tensor, x_R_d: Tensor, dWeight_V_d: Tensor | undefined): Tensor
}

/** Call it without gradients being recorded. */
export function headProducts(weight_V_d: Tensor): HeadProducts {
  if (!isHalf(weight_V_d.dtype)) return wideProducts(weight_V_d)
  return weight_V_d.device.type === 'cuda' ? tensorCoreProducts(weight_V_d) : widenedProducts(weight_V_d)
}

function wideProducts(weight_V_d: Tensor): HeadProducts {
  return {
    logits: (x_R_d) => mm(x_R_d, transpose(weight_V_d, 0, 1)),
    backward(g_R_V, x_R_d, dWeight_V_d) {
      if (dWeight_V_d) addmm_(dWeight_V_d, transpose(g_R_V, 0, 1), x_R_d)
      return mm(g_R_V, weight_V_d)
    },
  }
}

function tensorCoreProducts(weight_V_d: Tensor): HeadProducts {
  const [V, d] = weight_V_d.shape
  const rows = slicesOf(V, d, gradientElements)
  return {
    logits: (x_R_d) => mmWide(x_R_d, transpose(weight_V_d, 0, 1)),
    backward: (g_R_V, x_R_d, dWeight_V_d) =>
      scope(() => {
        const half_R_V = toDtype(g_R_V, weight_V_d.dtype)
        if (dWeight_V_d) {
          for (const [at, count] of rows) {
            scope(() => {
              const share = mmWide(transpose(narrow(half_R_V, 1, at, count), 0, 1), x_R_d)
              accumulate_(narrow(dWeight_V_d, 0, at, count), share)
            })
          }
        }
        return mm(half_R_V, weight_V_d)
      }),
  }
}

export function widenedProducts(weight_V_d: Tensor): HeadProducts {
  const { device, dtype } = weight_V_d
  const [V, d] = weight_V_d.shape
  const slices = slicesOf(V, d, sliceElements)
  const eachSlice = (visit: (wide_S_d: Tensor, at: number, count: number) => void) =>
    scope(() => {
      const buffer = empty([slices[0][1], d], { device })
      for (const [at, count] of slices) {
        scope(() => {
          const wide_S_d = narrow(buffer, 0, 0, count)
          copyInto(wide_S_d, narrow(weight_V_d, 0, at, count))
          visit(wide_S_d, at, count)
        })
      }
    })
  return {
    logits: (x_R_d) =>
      scope(() => {
        const wide_R_d = toDtype(x_R_d, 'float32')
        const logits_R_V = empty([x_R_d.shape[0], V], { device })
        eachSlice((wide_S_d, at, count) =>
          mmInto(narrow(logits_R_V, 1, at, count), wide_R_d, transpose(wide_S_d, 0, 1)),
        )
        return logits_R_V
      }),
    backward: (g_R_V, x_R_d, dWeight_V_d) =>
      scope(() => {
        const wide_R_d = toDtype(x_R_d, 'float32')
        const dx_R_d = zeros([x_R_d.shape[0], d], { device })
        eachSlice((wide_S_d, at, count) => {
          const g_R_S = narrow(g_R_V, 1, at, count)
          addmm_(dx_R_d, g_R_S, wide_S_d)
          if (dWeight_V_d) addmm_(narrow(dWeight_V_d, 0, at, count), transpose(g_R_S, 0, 1), wide_R_d)
        })
        return toDtype(dx_R_d, dtype)
      }),
  }
}

/** [start, rows] of the slices of at most `elements`; the first is the largest. */
function slicesOf(V: number, d: number, elements: number): [number, number][] {
  const rows = Math.min(V, Math.max(1, Math.floor(elements / d)))
  return Array.from({ length: Math.ceil(V / rows) }, (_, i) => [i * rows, Math.min(rows, V - i * rows)])
}
