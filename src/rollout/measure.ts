/**
 * The moments of completions that were sampled without them: whoever holds the policy scores them. Then log p and moments
 * are of one policy, and what the sampler had said is kept beside them.
 */
import type {
  Completion,
  SampledCompletion,
  SamplePrompt,
  TokenMoments,
  TokenScores,
  TokenStatistics,
} from './types.js'

/** Scores completions by prompt, under the weights that they were sampled with. */
export type ScoreFunction = (
  groups: { prompt: Int32Array; completions: Int32Array[] }[],
) => Promise<readonly (readonly TokenScores[])[]>

export const hasMoments = <T extends TokenScores>(scores: T): scores is T & TokenMoments => scores.sumS2 !== undefined

/** @throws Error where the moments are missing, which the check of a recipe keeps from happening */
export function exactStatistics(scores: TokenScores): TokenStatistics {
  if (!hasMoments(scores)) throw new Error('the backend reports no exact moments')
  return scores
}

/** The completions themselves where they have moments, else with those that `score` gives. */
export async function measured(
  prompts: readonly SamplePrompt[],
  completions: readonly SampledCompletion[],
  score: ScoreFunction,
): Promise<Completion[]> {
  if (completions.every(hasMoments)) return completions as Completion[]
  const members = prompts.map((_, p) => completions.filter(({ prompt }) => prompt === p))
  const scored = await score(
    prompts.map(({ tokens }, p) => ({
      prompt: Int32Array.from(tokens),
      completions: members[p]!.map((completion) => completion.tokens),
    })),
  )
  return members.flatMap((group, p) =>
    group.map(({ prompt, sample, tokens, finish, logprob }, i) => ({
      prompt,
      sample,
      tokens,
      finish,
      ...exactStatistics(scored[p]![i]!),
      samplerLogprob: logprob,
    })),
  )
}
