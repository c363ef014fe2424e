/**
 * DAPO's soft overlong punishment (Yu et al. 2025, equation 13), for a completion of n tokens:
 *   0                              n <= L - C
 *   ((L - C) - n) / C              L - C < n <= L
 *   -1                             n > L
 * L = `maxTokens`, C = `buffer`, in tokens.
 */
export function overlongPenalty(tokens: number, maxTokens: number, buffer: number): number {
  const free = maxTokens - buffer
  if (tokens <= free) return 0
  return tokens <= maxTokens ? (free - tokens) / buffer : -1
}
