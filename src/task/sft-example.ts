/** What a supervised example is, wherever it came from. */
import type { ChatMessage } from '../model/types.js'

/** A chat, every assistant turn of which is learnt, or a text that continues another. */
export type SftContent = { messages: ChatMessage[] } | { prompt: string; completion: string }

export type SftExample = SftContent & {
  /** Where it stands in the data, for messages: `train.jsonl, row 3`. */
  where: string
}
