/** What a policy has to agree with, and to give, before its statistics of recorded tokens mean anything. */
import { UserError } from '../../base/errors.js'
import type { OpenModel } from '../../model/types.js'
import { nonFiniteLogits } from '../../rollout/not-finite.js'
import type { TokenStatistics } from '../../rollout/types.js'
import type { RolloutRow } from '../../run/store/rollout-rows.js'

/**
 * Ids say nothing of themselves: under another tokenizer they are other text, and every number is of that text.
 * @throws UserError where an id is outside the model's vocabulary, or its tokenizer reads another text than was recorded.
 */
export function requireSameTokens(
  { config, tokenizer, reference }: Pick<OpenModel, 'config' | 'tokenizer' | 'reference'>,
  rows: readonly RolloutRow[],
): void {
  const hint = 'give a checkpoint of the same run'
  const ids = rows.flatMap(({ tokens, promptTokens }) => [...tokens, ...(promptTokens ?? [])])
  const outside = ids.find((id) => id < 0 || id >= config.vocabSize)
  if (outside !== undefined) {
    throw new UserError(`token ${outside} of the rollouts is outside the vocabulary of ${reference}`, { hint })
  }
  for (const { promptId, sample, completion, tokens } of rows) {
    if (completion === undefined) continue
    // A stop string cuts the recorded text behind its tokens.
    const text = tokenizer.decode(tokens, { skipSpecial: true })
    if (text.startsWith(completion)) continue
    throw new UserError(
      `${reference} has another tokenizer than the policy that sampled: the tokens of problem ${promptId}, sample ${sample} ` +
        `are ${quote(text)} there, and ${quote(completion)} was recorded`,
      { hint },
    )
  }
}

/** @throws Failure where the policy's logits make no distribution. */
export function requireFinite(step: number, rows: readonly RolloutRow[], statistics: readonly TokenStatistics[]): void {
  const places = rows.flatMap(({ promptId, sample }, i) => {
    const { logprob, S, expectedS } = statistics[i]
    const token = logprob.findIndex((value, t) => !Number.isFinite(value + S[t] + expectedS[t]))
    return token === -1 ? [] : [`step ${step}, problem ${promptId}, sample ${sample}, token ${token}`]
  })
  if (places.length > 0) throw nonFiniteLogits(places)
}

const quote = (text: string) => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
