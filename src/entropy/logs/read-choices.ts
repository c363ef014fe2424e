/** OpenAI's chat completions and completions, and the servers that follow them. */
import { type Field, sameLogprob, withoutPlaceholder } from './fields.js'
import type { LoggedToken } from './types.js'

/** Log-probabilities of one choice; undefined where the response carries none. */
export function readChoiceTokens(logprobs: Field): LoggedToken[] | undefined {
  if (logprobs.has('content')) return logprobs.at('content').list().map(chatToken)
  if (logprobs.has('tokens') && logprobs.has('token_logprobs')) return completionTokens(logprobs)
  return undefined
}

/** {token, logprob, top_logprobs: [{token, logprob}]}. vLLM's list may begin with the sampled token, though unlikely. */
function chatToken(token: Field): LoggedToken {
  const text = token.at('token').token()
  const logprob = token.at('logprob').logprob()
  const top = token.has('top_logprobs') ? token.at('top_logprobs').list() : []
  const listed = top.map((entry) => ({ text: entry.at('token').token(), logprob: entry.at('logprob').logprob() }))
  return withoutPlaceholder({
    text,
    logprob,
    topLogprobs: listed.map((entry) => entry.logprob),
    sampledInTop: listed.some((entry) => entry.text === text && sameLogprob(entry.logprob, logprob)),
    sampledMayBeExtra: true,
  })
}

/** {tokens: [text], token_logprobs: [number | null], top_logprobs: [{text: number} | null]}. */
function completionTokens(logprobs: Field): LoggedToken[] {
  const texts = logprobs.at('tokens').list()
  const values = logprobs.at('token_logprobs').list()
  const tops = logprobs.has('top_logprobs') ? logprobs.at('top_logprobs').list() : []
  if (values.length !== texts.length || (tops.length > 0 && tops.length !== texts.length)) {
    logprobs.fail(`${texts.length} tokens, ${values.length} token_logprobs and ${tops.length} top_logprobs`)
  }
  const tokens = texts.flatMap((field, t): LoggedToken[] => {
    // an echoed prompt's first token has none
    if (values[t].value === null) return []
    const text = field.token()
    const logprob = values[t].logprob()
    const listed = tops[t]?.value ? tops[t].entries().map(([key, value]) => ({ key, logprob: value.logprob() })) : []
    return [
      withoutPlaceholder({
        text,
        logprob,
        topLogprobs: listed.map((entry) => entry.logprob),
        sampledInTop: listed.some((entry) => entry.key === text && sameLogprob(entry.logprob, logprob)),
        sampledMayBeExtra: true,
      }),
    ]
  })
  return markLostEntries(tokens)
}

/**
 * Tokens of one text share a key, and all but one of them are lost: the list is then shorter than the k requested, and
 * its end is no cap for the rest. k is the length of the lists whose end is not the sampled token.
 */
function markLostEntries(tokens: LoggedToken[]): LoggedToken[] {
  const endsWithSampled = ({ sampledInTop, topLogprobs, logprob }: LoggedToken) =>
    sampledInTop && topLogprobs.every((value) => value >= (logprob as number))
  const k = Math.max(0, ...new Set(tokens.filter((t) => !endsWithSampled(t)).map((t) => t.topLogprobs.length)))
  return tokens.map((token) => (token.topLogprobs.length < k ? { ...token, lostEntries: true } : token))
}
