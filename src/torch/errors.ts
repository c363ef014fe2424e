import { Failure } from '../base/errors.js'

/** An operator that LibTorch refused, with the shapes it was given. */
export class TorchError extends Error {
  override name = 'TorchError'
  readonly operator: string
  readonly operands: readonly string[]

  constructor(operator: string, operands: readonly string[], reason: string) {
    super(`${operator}(${operands.join(', ')}): ${reason.trim()}`)
    this.operator = operator
    this.operands = operands
  }
}

/** LibTorch's words of the processor's memory and of a GPU's, cuBLAS's included. */
const noMemory = /can't allocate memory|not enough memory|out of memory|bad_alloc|STATUS_ALLOC_FAILED/i
const asked = /tried to allocate ([\d.]+) ?(bytes|[KMGT]iB)/i

/** What LibTorch refused, and why: a {@link Failure} where it has no memory left, a {@link TorchError} else. */
export function torchFailure(operator: string, operands: readonly string[], reason: string): Error {
  if (!noMemory.test(reason)) return new TorchError(operator, operands, reason)
  const [, amount, unit] = asked.exec(reason) ?? []
  const size = unit === 'bytes' ? inUnits(Number(amount)) : `${amount} ${unit}`
  const wanted = amount === undefined ? '' : `, which asks for ${size}`
  return new Failure(`there is no memory left for ${operator}(${operands.join(', ')})${wanted}`, {
    hint:
      'a smaller train.tokenBudget, rollout.batchSize or --batch-size takes less, as do lora and train.activationCheckpointing; ' +
      '--dry-run shows what a run needs, and --resume goes on from the last checkpoint',
    cause: new Error(reason),
  })
}

/** As the allocator of a GPU says it: 2.50 GiB, 20.00 MiB. */
function inUnits(bytes: number): string {
  const [size, unit] = bytes >= 2 ** 30 ? [2 ** 30, 'GiB'] : bytes >= 2 ** 20 ? [2 ** 20, 'MiB'] : [2 ** 10, 'KiB']
  return `${(bytes / size).toFixed(2)} ${unit}`
}
