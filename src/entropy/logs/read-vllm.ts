/** vLLM's RequestOutput as JSON: outputs[].{token_ids, logprobs: [{id: {logprob, rank, decoded_token}}]}. */
import { type Field, isObject, largestId } from './fields.js'
import type { LoggedToken } from './types.js'

/** Log-probabilities of one output; undefined where the request asked for none. */
export function readVllmTokens(output: Field): LoggedToken[] | undefined {
  if (!output.has('logprobs')) return undefined
  const ids = output.at('token_ids').list()
  const positions = output.at('logprobs').list()
  if (positions.length !== ids.length) {
    output.fail(`${ids.length} token_ids, but ${positions.length} logprobs`)
  }
  return positions.map((position, t) => {
    const id = ids[t].token()
    const listed = position.entries().map(([key, entry]) => {
      const fields = isObject(entry.value)
      return {
        id: key,
        logprob: (fields ? entry.at('logprob') : entry).logprob(),
        rank: fields ? entry.optionalNumber('rank') : undefined,
        text: fields && entry.has('decoded_token') ? entry.at('decoded_token').token() : undefined,
      }
    })
    const sampled = listed.find((entry) => entry.id === id)
    if (!sampled) return position.fail(`the sampled token ${id} is not in it`)
    return {
      text: sampled.text ?? id,
      largestId: largestId(listed.map((entry) => entry.id)),
      logprob: sampled.logprob,
      topLogprobs: listed.map((entry) => entry.logprob),
      sampledInTop: true,
      // a rank within the list's length means that the list holds the most likely tokens and no other
      sampledMayBeExtra: sampled.rank === undefined || sampled.rank > listed.length,
    }
  })
}
