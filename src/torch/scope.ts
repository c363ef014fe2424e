/**
 * Who frees a tensor: the innermost scope that was open when it was made, unless it is returned from that scope or
 * kept. Finalizers do not run inside a synchronous loop, so nothing may depend on them.
 */
import type { Tensor } from './tensor.js'

export interface Scope {
  readonly tensors: Tensor[]
}

let innermost: Scope | undefined

export const currentScope = (): Scope | undefined => innermost

/**
 * Runs `body`; frees every tensor made inside, also when it throws, except those in its result (a tensor, or an array
 * or plain object that holds tensors), which pass to the scope outside.
 */
export function scope<T>(body: () => T): T {
  const outer = innermost
  const here: Scope = { tensors: [] }
  innermost = here
  let result: T
  try {
    result = body()
  } catch (error) {
    innermost = outer
    for (const tensor of here.tensors) if (tensor.owner === here) tensor.dispose()
    throw error
  }
  innermost = outer
  hand(result, here, outer)
  for (const tensor of here.tensors) if (tensor.owner === here) tensor.dispose()
  return result
}

/** Takes tensors out of every scope: they live until disposed of by hand. */
export function keep<T>(value: T): T {
  hand(value, undefined, undefined)
  return value
}

function hand(value: unknown, from: Scope | undefined, to: Scope | undefined): void {
  if (value === null || typeof value !== 'object') return
  if (isTensor(value)) {
    if (value.owner === undefined || (from !== undefined && value.owner !== from)) return
    value.owner = to
    to?.tensors.push(value)
  } else if (Array.isArray(value)) {
    for (const item of value) hand(item, from, to)
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) hand(item, from, to)
  }
}

const isTensor = (value: object): value is Tensor => 'handle' in value && 'owner' in value
