/** LibTorch's autograd: what is recorded, leaves, and their gradients. */
import { native } from './engine.js'
import { Tensor } from './tensor.js'

/** Runs `body` without recording; in-place updates of leaves need it. */
export function noGrad<T>(body: () => T): T {
  const before = native().gradMode()
  native().setGradMode(false)
  try {
    return body()
  } finally {
    native().setGradMode(before)
  }
}

/** Runs `body` with recording on. */
export function withGrad<T>(body: () => T): T {
  const before = native().gradMode()
  native().setGradMode(true)
  try {
    return body()
  } finally {
    native().setGradMode(before)
  }
}

/** Whether operations are being recorded. */
export const gradEnabled = (): boolean => native().gradMode()

/** Makes `leaf` a leaf whose gradient is wanted; returns it. */
export function requireGrad(leaf: Tensor, required = true): Tensor {
  native().requireGrad(leaf.handle, required)
  return leaf
}

/** The leaf's accumulated gradient (the same memory that autograd adds into), or undefined where there is none. */
export function gradientOf(leaf: Tensor): Tensor | undefined {
  const handle = native().gradientOf(leaf.handle)
  if (native().isDefined(handle)) return new Tensor(handle)
  native().deleteHandle(handle)
  return undefined
}

/** Releases the leaf's gradient. */
export const clearGradient = (leaf: Tensor): void => native().clearGradient(leaf.handle)
