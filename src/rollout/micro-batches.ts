/** Cuts groups into micro-batches of at most a budget of tokens. A prompt counts once per group and micro-batch. */

export interface GroupSlice {
  /** Index of the group. */
  group: number
  /** Which of its completions. */
  completions: number[]
}

/**
 * In order: groups are put together while they fit; a group too large for the budget is divided, its prompt repeated.
 * A single completion larger than the budget makes a micro-batch of its own.
 */
export function splitByBudget(
  groups: readonly { prompt: ArrayLike<number>; completions: readonly ArrayLike<number>[] }[],
  tokenBudget: number,
): GroupSlice[][] {
  const batches: GroupSlice[][] = []
  let current: GroupSlice[] = []
  let used = 0
  groups.forEach(({ prompt, completions }, group) => {
    let slice: GroupSlice | undefined
    completions.forEach((completion, i) => {
      const needed = completion.length + (slice ? 0 : prompt.length)
      if (used > 0 && used + needed > tokenBudget) {
        batches.push(current)
        current = []
        used = 0
        slice = undefined
      }
      if (!slice) {
        slice = { group, completions: [] }
        current.push(slice)
        used += prompt.length
      }
      slice.completions.push(i)
      used += completion.length
    })
  })
  if (current.length > 0) batches.push(current)
  return batches
}
