/** The items of a batch by prompt: the form in which a backend takes completions, and the way back to the items' order. */
import type { TrainItem } from './batch.js'

export class PromptGroups {
  /** Per prompt the indices of its items, prompts in order of first appearance. */
  readonly members: readonly (readonly number[])[]
  readonly #items: readonly TrainItem[]

  constructor(items: readonly TrainItem[]) {
    const groups = new Map<number, number[]>()
    items.forEach(({ group }, i) => {
      const members = groups.get(group)
      if (members) members.push(i)
      else groups.set(group, [i])
    })
    this.#items = items
    this.members = [...groups.values()]
  }

  /** A prompt each, with what `of` makes of each of its items. */
  map<T>(of: (item: TrainItem, index: number) => T): { prompt: Int32Array; completions: T[] }[] {
    return this.members.map((members) => ({
      prompt: this.#items[members[0]].prompt,
      completions: members.map((i) => of(this.#items[i], i)),
    }))
  }

  /** One entry per item from one per group and completion. */
  inItemOrder<T>(grouped: readonly (readonly T[])[]): T[] {
    const ordered: T[] = []
    this.members.forEach((members, g) => {
      members.forEach((i, c) => {
        ordered[i] = grouped[g][c]
      })
    })
    return ordered
  }

  /** The item of a group's completion. */
  item(group: number, completion: number): TrainItem {
    return this.#items[this.members[group][completion]]
  }
}
