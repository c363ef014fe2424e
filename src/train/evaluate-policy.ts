/** Held-out problems under the evaluation's own seed: the run's randomness is not touched. */
import { hashProblems } from '../evaluate/problem-set.js'
import { respond } from '../evaluate/respond.js'
import type { ExactSampler } from '../rollout/sampler-kind.js'
import type { Example } from '../task/types.js'
import type { EvalMetrics } from './events.js'
import { heldOutMetrics } from './held-out.js'
import type { LoopSetup } from './loop-setup.js'

/** Undefined where the run's signal ended it. */
export async function evaluatePolicy(
  setup: LoopSetup,
  sampler: ExactSampler,
  examples: Example[],
  step: number,
): Promise<EvalMetrics | undefined> {
  const { task, evalTask, signal } = setup
  const { model } = setup.backend
  const { rollout, eval: evaluation } = setup.recipe
  const { samples, temperature, seed } = evaluation!
  const problems = await respond(
    { sampler, model, task: evalTask ?? task, signal },
    examples.map((example, index) => ({ index, example })),
    {
      samples,
      seed,
      maxNewTokens: rollout.maxNewTokens,
      temperature: temperature ?? rollout.temperature,
      topP: 1,
      topK: 0,
      minP: 0,
      stopStrings: rollout.stopStrings,
      batchSize: rollout.batchSize,
    },
  )
  return problems && heldOutMetrics(step, problems, hashProblems(examples))
}
