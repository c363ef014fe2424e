/** How many steps at either end of a run are averaged: 10, or half of a run shorter than 20 (at least 1), so that no two share one. */
export function edgeSteps(steps: number): number {
  return Math.max(1, Math.min(10, Math.floor(steps / 2)))
}

/** The two ends of a run's steps. */
export function edgesOf<T>(steps: readonly T[]): { count: number; first: readonly T[]; last: readonly T[] } {
  const count = edgeSteps(steps.length)
  return { count, first: steps.slice(0, count), last: steps.slice(-count) }
}

/** What the two figures of a summary are. */
export const edgesText = (count: number): string =>
  count === 1 ? 'the first and the last step' : `means of the first and last ${count} steps`
