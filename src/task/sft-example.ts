/** What a supervised example is, wherever it came from. */
import type { TemplateVariables } from '../model/template/variables.js'
import type { ChatMessage } from '../model/types.js'

/** A chat, every assistant turn of which is learnt, or a text that continues another. */
export type SftContent = { messages: ChatMessage[] } | { prompt: string; completion: string }

export type SftExample = SftContent & {
  /** Variables of the chat template, beside the messages. */
  templateVariables?: TemplateVariables
  /** Where it stands in the data, for messages: `train.jsonl, row 3`. */
  where: string
}
