/**
 * vLLM's own shapes: RequestOutput as JSON, outputs[].{token_ids, logprobs: [{id: {logprob, rank, decoded_token}}]}, and
 * prompts that it scored, {prompt_token_ids, prompt_logprobs: [null, {id: {logprob, rank, decoded_token}}, ...]}.
 */
import { type Field, isObject, largestId } from './fields.js'
import type { LoggedToken } from './types.js'

/** Log-probabilities of one output; undefined where the request asked for none. */
export function readVllmTokens(output: Field): LoggedToken[] | undefined {
  return output.has('logprobs') ? readPositions(output, 'token_ids', 'logprobs') : undefined
}

/** A scored prompt's tokens, without the first, which nothing predicts; undefined where none was scored. */
export function readVllmPrompt(holder: Field): LoggedToken[] | undefined {
  if (!holder.has('prompt_logprobs')) return undefined
  if (!holder.has('prompt_token_ids')) {
    return holder.fail(
      'prompt_logprobs without prompt_token_ids',
      'The lists alone do not say which token stands in the prompt. Ask the server for return_token_ids: true.',
    )
  }
  return readPositions(holder, 'prompt_token_ids', 'prompt_logprobs').map((token) => ({ ...token, ofPrompt: true }))
}

function readPositions(holder: Field, tokens: string, logprobs: string): LoggedToken[] {
  const ids = holder.at(tokens).list()
  const positions = holder.at(logprobs).list()
  if (positions.length !== ids.length) {
    holder.fail(`${ids.length} ${tokens}, but ${positions.length} ${logprobs}`)
  }
  return positions.flatMap((position, t) => (position.value === null ? [] : [readPosition(position, ids[t].token())]))
}

function readPosition(position: Field, id: string): LoggedToken {
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
}
