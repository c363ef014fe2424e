/** What is known of some runs, kept current: each answer brings only the steps behind those that are known. */
import { address, get } from './page.js'
import { mergedRun } from './series.js'

export class Feed {
  constructor(ids) {
    this.ids = ids
    this.runs = new Map()
  }

  /** In the order of the ids. */
  list() {
    return this.ids.flatMap((id) => this.runs.get(id) ?? [])
  }

  concerns(changed) {
    return changed === undefined || changed.some((id) => this.ids.includes(id))
  }

  async load() {
    await Promise.all(
      this.ids.map(async (id) => {
        const known = this.runs.get(id)
        let answer = await get(address(`/api/runs/${id}`, { from: known?.count ?? 0 }))
        if (known && answer.series.generation !== known.generation) answer = await get(`/api/runs/${id}`)
        this.runs.set(id, mergedRun(known, answer))
      }),
    )
  }
}
