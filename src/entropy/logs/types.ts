/** One sampled token of a server's log. */
export interface LoggedToken {
  /** Text, or the id as text where the log has ids only. */
  text: string
  /** The largest id that the token or its list names, where the log has ids. */
  largestId?: number
  /** log p of the sampled token, nats; absent where the log says no more than that the token is none of those listed. */
  logprob?: number
  /** Log-probabilities of the most likely tokens, the sampled one among them if `sampledInTop`. */
  topLogprobs: number[]
  sampledInTop: boolean
  /** The list may hold the sampled token although it is not among the k most likely. */
  sampledMayBeExtra: boolean
  /** It stands in a prompt: the server scored it and did not sample it. */
  ofPrompt?: boolean
  /** Entries of the list were lost (two tokens of one text are one key of an object), so its end caps nothing. */
  lostEntries?: boolean
}

export interface LoggedCompletion {
  /** Where it stands, for messages: `FILE:12` or `FILE:12 choice 3`. */
  where: string
  /** Completions of one group answer one prompt; their rewards are compared. */
  group: string
  tokens: LoggedToken[]
  reward?: number
  /** A given advantage, for all tokens or each of them. */
  advantage?: number | number[]
  /** V and T of the log-probabilities, where the file says them. */
  vocabSize?: number
  temperature?: number
  /** Truncating or tempering options of the request, where the file has them: `top_p 0.9`. */
  sampling: Sampling
}

export interface Sampling {
  temperature?: number
  /** E.g. `top_p 0.9`. */
  truncation: string[]
}
