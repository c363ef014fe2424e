/** Tokens of several sequences as flat arrays: what clipB, clipV, and predictStep take. */
import type { TokenStatistics } from './types.js'

/** One entry per token, the sequences one after the other. Nats. */
export interface TokenBatch {
  /** S* = p_k (H + log p_k) of the sampled token. */
  S: Float64Array
  /** E_p[S] of the same distribution. */
  expectedS: Float64Array
  /** sum_i S_i^2; predictStep needs it for an entropy bonus. */
  sumS2: Float64Array
  /** H of the token's distribution. */
  entropy: Float64Array
  logprob: Float64Array
  /** A, yours to change: it is not computed from anything here. */
  advantage: Float64Array
  /** 1 = a completion's token; 0 = a prompt's, where all else is 0. */
  isPolicyToken: Uint8Array
  /** First token of each sequence. */
  starts: number[]
}

/** A sequence's completion: its statistics, and how many tokens stand before it in the batch. */
export interface TokenSpan {
  statistics: TokenStatistics
  /** Default: 0. */
  promptLength?: number
  /** A of all its tokens, or of each. Default: 0. */
  advantage?: number | ArrayLike<number>
}

/** Completions one after the other, each behind as many empty entries as its prompt is long. */
export function joinTokens(spans: readonly TokenSpan[]): TokenBatch {
  const lengths = spans.map(({ statistics, promptLength = 0 }) => promptLength + statistics.logprob.length)
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const floats = () => new Float64Array(total)
  const batch: TokenBatch = {
    S: floats(),
    expectedS: floats(),
    sumS2: floats(),
    entropy: floats(),
    logprob: floats(),
    advantage: floats(),
    isPolicyToken: new Uint8Array(total),
    starts: [],
  }
  let start = 0
  spans.forEach(({ statistics, promptLength = 0, advantage = 0 }, i) => {
    batch.starts.push(start)
    const at = start + promptLength
    const end = start + lengths[i]!
    if (typeof advantage !== 'number' && advantage.length !== end - at) {
      throw new RangeError(`sequence ${i} has ${end - at} tokens, and ${advantage.length} advantages`)
    }
    for (const name of ['S', 'expectedS', 'sumS2', 'entropy', 'logprob'] as const) batch[name].set(statistics[name], at)
    if (typeof advantage === 'number') batch.advantage.fill(advantage, at, end)
    else batch.advantage.set(Array.from(advantage), at)
    batch.isPolicyToken.fill(1, at, end)
    start = end
  })
  return batch
}
