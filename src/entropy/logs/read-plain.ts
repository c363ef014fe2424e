/** The plain shape: {tokens: [text or id], logprobs: [number], top_logprobs: [[...] or {...}]}, one entry a token. */
import { type Field, isObject, largestId, sameLogprob, withoutPlaceholder } from './fields.js'
import type { LoggedToken } from './types.js'

/**
 * top_logprobs holds, per token, a list of numbers, a list of {token, logprob} (or {id, logprob}), or an object from
 * token to number. A token whose logprob is null (nothing predicts it) is left out.
 */
export function readPlainTokens(record: Field): LoggedToken[] {
  const tokens = record.at('tokens').list()
  const logprobs = record.at('logprobs').list()
  const tops = record.has('top_logprobs') ? record.at('top_logprobs').list() : []
  if (logprobs.length !== tokens.length || (tops.length > 0 && tops.length !== tokens.length)) {
    record.fail(`${tokens.length} tokens, ${logprobs.length} logprobs and ${tops.length} top_logprobs`)
  }
  return tokens.flatMap((token, t): LoggedToken[] => {
    if (logprobs[t].value === null) return []
    const text = token.token()
    const logprob = logprobs[t].logprob()
    const listed = tops[t] === undefined || tops[t].value === null ? [] : readList(tops[t])
    const isSampled = (entry: Entry) =>
      sameLogprob(entry.logprob, logprob) && (entry.token === undefined || entry.token === text)
    return [
      withoutPlaceholder({
        text,
        // numbers are ids; a text of digits may be a number's token
        largestId:
          typeof token.value === 'number' ? largestId([text, ...listed.flatMap((e) => e.token ?? [])]) : undefined,
        logprob,
        topLogprobs: listed.map((entry) => entry.logprob),
        sampledInTop: listed.some(isSampled),
        sampledMayBeExtra: true,
      }),
    ]
  })
}

interface Entry {
  token?: string
  logprob: number
}

function readList(top: Field): Entry[] {
  if (isObject(top.value)) return top.entries().map(([token, value]) => ({ token, logprob: value.logprob() }))
  return top.list().map((entry) => {
    if (!isObject(entry.value)) return { logprob: entry.logprob() }
    const name = ['token', 'id', 'token_id'].find((key) => entry.has(key))
    return { token: name && entry.at(name).token(), logprob: entry.at('logprob').logprob() }
  })
}
