/** Validation: what the policy says of examples it is not trained on. */
import type { TokenStatistics } from '../../rollout/types.js'
import type { ExactBackend } from '../backend.js'
import type { SftBatch } from './batch.js'
import type { SftEvalMetrics } from './events.js'

/** Examples scored per call: the calls are where a signal is heeded and progress told. */
const examplesPerCall = 32

export interface TargetSums {
  targets: number
  logprob: number
  entropy: number
  top: number
}

export const noSums = (): TargetSums => ({ targets: 0, logprob: 0, entropy: 0, top: 0 })

/** Adds a completion's learnt tokens. */
export function addTargets(
  sums: TargetSums,
  target: Uint8Array,
  { logprob, entropy, top }: Pick<TokenStatistics, 'logprob' | 'entropy'> & { top: Uint8Array },
): void {
  for (let t = 0; t < target.length; t++) {
    if (target[t] === 0) continue
    sums.targets++
    sums.logprob += logprob[t]
    sums.entropy += entropy[t]
    sums.top += top[t]
  }
}

/** Means over learnt tokens: loss = -log p in nats, perplexity = e^loss. */
export const meansOf = ({ targets, logprob, entropy, top }: TargetSums) => ({
  loss: -logprob / targets,
  perplexity: Math.exp(-logprob / targets),
  token_accuracy: top / targets,
  entropy_nats: entropy / targets,
})

/** Yields the number of examples done; returns the metrics, or undefined where the signal ended it. */
export async function* validate(
  backend: ExactBackend,
  batch: SftBatch,
  { step, tokenBudget, signal }: { step: number; tokenBudget: number; signal?: AbortSignal },
): AsyncGenerator<number, SftEvalMetrics | undefined> {
  const began = performance.now()
  const sums = noSums()
  for (let at = 0; at < batch.sequences.length; at += examplesPerCall) {
    if (signal?.aborted) return undefined
    yield at
    const part = batch.sequences.slice(at, at + examplesPerCall)
    const scored = await backend.score(
      part.map(({ prompt, completion }) => ({ prompt, completions: [completion] })),
      { temperature: 1, tokenBudget },
    )
    part.forEach(({ target }, i) => {
      const [statistics] = scored[i]
      const { top } = statistics
      if (top === undefined) throw new Error('this backend does not say which tokens are the likeliest')
      addTargets(sums, target, { ...statistics, top })
    })
  }
  const { loss, ...means } = meansOf(sums)
  return {
    step,
    examples: batch.sequences.length,
    target_tokens: sums.targets,
    eval_loss: loss,
    ...means,
    seconds: (performance.now() - began) / 1000,
  }
}
