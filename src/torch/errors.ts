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
