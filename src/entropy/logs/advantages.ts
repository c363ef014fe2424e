import { UserError } from '../../base/errors.js'
import { areEqual, mean, sampleDeviation } from '../../base/sample.js'
import type { LoggedCompletion } from './types.js'

/**
 * An advantage per completion (or per token, where the log gives them): the logged one, else GRPO's from the rewards,
 * `A = (R - mean R) / (std R + 1e-4)` within the group, std with n - 1. A group of rewards that are equal, but for rounding, gets exactly 0.
 * Undefined where the log has neither rewards nor advantages.
 *
 * @throws {UserError} where only some completions have them, or where a rewarded one is alone in its group.
 */
export function advantagesOf(completions: readonly LoggedCompletion[]): (number | number[])[] | undefined {
  const without = completions.filter(({ reward, advantage }) => reward === undefined && advantage === undefined)
  if (without.length === completions.length) return undefined
  if (without.length > 0) {
    throw new UserError(`${without[0].where}: no reward and no advantage, where other completions have one`, {
      hint: 'Give all completions a reward or an advantage, or none.',
    })
  }
  const groups = new Map<string, LoggedCompletion[]>()
  for (const completion of completions) {
    if (completion.advantage !== undefined) continue
    groups.set(completion.group, [...(groups.get(completion.group) ?? []), completion])
  }
  const relative = new Map([...groups.values()].flatMap(groupRelative))
  return completions.map((completion) => completion.advantage ?? (relative.get(completion) as number))
}

function groupRelative(group: LoggedCompletion[]): [LoggedCompletion, number][] {
  if (group.length === 1) {
    throw new UserError(`${group[0].where}: its reward has no other of the same group to compare with`, {
      hint: 'Completions of one prompt share "group", "prompt_id" or "prompt", or one line; or give "advantage" itself.',
    })
  }
  const rewards = group.map(({ reward }) => reward as number)
  // The mean of equal numbers may round to another, and the residue over 1e-4 would not be 0.
  if (areEqual(rewards)) return group.map((completion) => [completion, 0])
  const center = mean(rewards)
  const scale = sampleDeviation(rewards) + 1e-4
  return group.map((completion, i) => [completion, (rewards[i] - center) / scale])
}
