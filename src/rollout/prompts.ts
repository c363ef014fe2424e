import { UserError } from '../base/errors.js'
import type { TextModel } from '../model/types.js'
import type { Example } from '../task/types.js'
import { requireKnownTokens, requirePositions } from './positions.js'

/** What a task of a user's own may get wrong about a prompt. */
function requirePrompt({ id, prompt }: { id: string; prompt: unknown }): void {
  const isMessage = (value: unknown) => {
    const { role, content } = (value ?? {}) as { role?: unknown; content?: unknown }
    return typeof role === 'string' && typeof content === 'string'
  }
  if (typeof prompt === 'string' || (Array.isArray(prompt) && prompt.length > 0 && prompt.every(isMessage))) return
  throw new UserError(`problem ${id}: its prompt is ${(JSON.stringify(prompt) ?? 'missing').slice(0, 60)}`, {
    hint: 'a prompt is a text, or a chat: a list of {role, content}, both texts',
  })
}

/** @throws UserError where a problem's prompt has no tokens, or passes the model's positions with its longest completion */
export const requireRoomFor = (
  config: TextModel['config'],
  { id }: Example,
  tokens: Int32Array,
  maxNewTokens: number,
): void => {
  const prompt = `the prompt of problem ${id}`
  requireKnownTokens(config, prompt, tokens)
  requirePositions(config, { prompt, length: tokens.length, maxNewTokens, setting: 'rollout.maxNewTokens' })
}

/**
 * A prompt's text and ids: chats through the model's template, text as it stands.
 * @throws UserError that names the problem where template or tokenizer refuse it
 */
export function promptTokens(
  { tokenizer }: Pick<TextModel, 'tokenizer'>,
  example: Example,
): { text: string; tokens: Int32Array } {
  requirePrompt(example)
  const { id, prompt, templateVariables: variables } = example
  try {
    if (typeof prompt === 'string') return { text: prompt, tokens: Int32Array.from(tokenizer.encode(prompt)) }
    const text = tokenizer.renderChat(prompt, { addGenerationPrompt: true, variables })
    return { text, tokens: Int32Array.from(tokenizer.encode(text, { special: false })) }
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause
    throw new UserError(`problem ${id}: ${cause.message}`, { hint: cause.hint, cause })
  }
}

/** What people read of a prompt: the text, or a chat's messages without the template. */
export const promptText = ({ prompt }: Example): string =>
  typeof prompt === 'string' ? prompt : prompt.map(({ content }) => content).join('\n\n')
