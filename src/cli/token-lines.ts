/** Scored tokens of `score` and `generate` with their texts, for the terminal and the token page. */

import type { ScoredText } from '../report/pages/token-page.js'
import { alignTokens } from '../report/pages/token-texts.js'
import type { GenerateLine } from '../rollout/generate.js'
import type { ScoreLine } from '../rollout/score.js'

type Tokens = ScoredText['tokens']
type Decode = (id: number) => string

export const tokensOfScore = (line: ScoreLine, decode: Decode): Tokens =>
  line.tokens.map((id, i) => ({
    id,
    text: decode(id),
    logprob: line.logprobs[i] ?? Number.NaN,
    entropy: line.entropy[i] ?? Number.NaN,
    s: line.S[i] ?? Number.NaN,
    expectedS: line.expectedS[i] ?? Number.NaN,
  }))

/** The line must have its scores. */
export function tokensOfCompletion({ completion, ...line }: GenerateLine, decode: Decode): Tokens {
  const { tokens, logprobs, entropy, scores } = line
  const texts = alignTokens(tokens.map(decode), completion)
  return tokens.map((id, i) => ({
    id,
    text: texts[i]!,
    logprob: logprobs[i]!,
    entropy: entropy[i]!,
    s: scores?.S[i] ?? Number.NaN,
    expectedS: scores?.expectedS[i] ?? Number.NaN,
  }))
}
