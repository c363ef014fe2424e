/** The table's value model: a number for each token that a state ends in. */
import type { CriticBackend } from '../../src/train/ppo/critic.js'
import { Parameters } from './policy.js'

export class TableCritic implements CriticBackend {
  values_: Parameters | undefined
  readonly #vocabulary: number
  readonly #cancelled: () => boolean

  constructor(vocabulary: number, cancelled: () => boolean) {
    this.#vocabulary = vocabulary
    this.#cancelled = cancelled
  }

  async open(): Promise<void> {
    this.values_ = new Parameters(Array(this.#vocabulary).fill(0))
  }

  get #table(): Parameters {
    if (!this.values_) throw new Error('no critic has been opened')
    return this.values_
  }

  values: CriticBackend['values'] = async (groups) =>
    groups.map(({ prompt, completions }) =>
      completions.map((tokens) => Float32Array.from(tokens, (_, t) => this.#table.values[stateAt(prompt, tokens, t)])),
    )

  update: CriticBackend['update'] = async (groups, options) => {
    const table = this.#table
    const gradient = new Float64Array(this.#vocabulary)
    const all = groups.flatMap(({ prompt, completions }) => completions.map((one) => ({ prompt, ...one })))
    const tokens = all.reduce((sum, one) => sum + one.tokens.length, 0)
    let loss = 0
    let clipped = 0
    for (const { prompt, tokens: ids, oldValue, target } of all) {
      ids.forEach((_, t) => {
        const state = stateAt(prompt, ids, t)
        const value = table.values[state]
        const bounded = oldValue[t] + Math.max(-options.valueClip, Math.min(options.valueClip, value - oldValue[t]))
        const [own, other] = [value, bounded].map((v) => (v - target[t]) ** 2 / 2)
        loss += Math.max(own, other) / tokens
        if (other > own) clipped++
        else gradient[state] += (value - target[t]) / tokens
      })
    }
    const gradNorm = Math.hypot(...gradient)
    const interrupted = options.interruptible && this.#cancelled()
    const finite = Number.isFinite(loss) && Number.isFinite(gradNorm)
    const applied = finite && !interrupted
    const scale = gradNorm > options.gradClip ? options.gradClip / gradNorm : 1
    if (applied) {
      table.step(
        gradient.map((g) => g * scale),
        options,
      )
    }
    return { loss, gradNorm, tokens, clipped, applied, interrupted, ...(finite ? {} : { nonFinite: [] }) }
  }
}

const stateAt = (prompt: ArrayLike<number>, tokens: ArrayLike<number>, t: number): number =>
  t === 0 ? prompt[prompt.length - 1] : tokens[t - 1]
