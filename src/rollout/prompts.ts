import type { OpenModel } from '../model/types.js'
import type { Example } from '../task/types.js'

/** A prompt's text and ids: chats through the model's template, text as it stands. */
export function promptTokens(
  { tokenizer }: Pick<OpenModel, 'tokenizer'>,
  { prompt }: Example,
): { text: string; tokens: Int32Array } {
  if (typeof prompt === 'string') return { text: prompt, tokens: Int32Array.from(tokenizer.encode(prompt)) }
  const text = tokenizer.renderChat(prompt, { addGenerationPrompt: true })
  return { text, tokens: Int32Array.from(tokenizer.encode(text, { special: false })) }
}

/** What people read of a prompt: the text, or a chat's messages without the template. */
export const promptText = ({ prompt }: Example): string =>
  typeof prompt === 'string' ? prompt : prompt.map(({ content }) => content).join('\n\n')
