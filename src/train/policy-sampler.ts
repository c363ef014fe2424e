/**
 * Sampling as the loop sees it: completions of the policy as it is now, with exact moments, whoever draws them. The
 * sampler gets the weights when it lacks them, and the backend scores what comes without moments.
 */
import { measured } from '../rollout/measure.js'
import type { Correction, ExactSampler, SampleFunction, Sampler } from '../rollout/sampler-kind.js'
import type { Completion } from '../rollout/types.js'
import type { Backend } from './backend.js'

export class PolicySampler implements ExactSampler {
  readonly #backend: Backend
  readonly #sampler: Sampler
  readonly #tokenBudget: number
  #step: number
  /** The step whose weights the sampler has. */
  #synced: number | undefined

  /** `sampler`: default the backend itself. `step`: the policy's; the sampler has other weights, or none. */
  constructor(backend: Backend, sampler: Sampler | undefined, options: { tokenBudget: number; step: number }) {
    this.#backend = backend
    this.#sampler = sampler ?? { sample: (...given) => backend.sample(...given), close: async () => {} }
    this.#tokenBudget = options.tokenBudget
    this.#step = options.step
  }

  /** The policy has been trained: its weights are those after `step`. */
  moved(step: number): void {
    this.#step = step
  }

  sample: SampleFunction<Completion> = async (prompts, options, onProgress) => {
    const { completions, statistics } = await this.#outside(async () => {
      await this.#sync()
      return this.#sampler.sample(prompts, options, onProgress)
    })
    const began = performance.now()
    const { temperature } = options
    const exact = await measured(prompts, completions, (groups) =>
      this.#backend.score(groups, { temperature, tokenBudget: this.#tokenBudget }),
    )
    const seconds = statistics.seconds + (performance.now() - began) / 1000
    return { completions: exact, statistics: exact === completions ? statistics : { ...statistics, seconds } }
  }

  /** What the sampler makes of the difference between its log-probabilities and the backend's. */
  correct(completions: readonly Completion[]): Correction | undefined {
    return this.#sampler.correct?.(completions)
  }

  /** The listener gets what the user should hear of while sampling goes on. */
  hear(listener: (message: string) => void): void {
    this.#sampler.hear?.(listener)
  }

  async #sync(): Promise<void> {
    const step = this.#step
    if (this.#synced === step) return
    await this.#sampler.sync?.({
      step,
      save: (directory) => this.#backend.save(directory, { optimizer: false }),
    })
    this.#synced = step
  }

  /** What fails beside the backend leaves the policy as its last step made it, so that the run can save it. */
  async #outside<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const beside = this.#sampler.sync !== undefined && error instanceof Error
      throw beside ? Object.assign(error, { policyUnchanged: true }) : error
    }
  }
}
