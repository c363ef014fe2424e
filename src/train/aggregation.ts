/**
 * Each policy token's weight in the objective. The weights come from lengths alone: neither the entropy mask nor the
 * PPO clip ever changes them.
 */

export type Aggregation = 'token' | 'sequence' | 'constant'

/**
 * Weight of every token of each completion of one optimizer step, from the completions' policy-token counts:
 * - `token`: 1 / N over all policy tokens (DAPO, arXiv 2503.14476);
 * - `sequence`: 1 / (completions x own length), a mean of means (GRPO);
 * - `constant`: 1 / (completions x constantLength) (Dr. GRPO, arXiv 2503.20783).
 * A completion without policy tokens (masked as truncated) has weight 0 and does not count.
 */
export function tokenWeights(lengths: readonly number[], aggregation: Aggregation, constantLength: number): number[] {
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const completions = lengths.filter((length) => length > 0).length
  return lengths.map((length) => {
    if (length === 0) return 0
    if (aggregation === 'token') return 1 / total
    return 1 / (completions * (aggregation === 'sequence' ? length : constantLength))
  })
}
