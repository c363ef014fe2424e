/**
 * From an example to ids and the mask of what is learnt. A chat is rendered and tokenised whole, once: these ids are
 * what the model's template means, and no others are trained on. Which of them belong to an assistant's turn is found in
 * the rendered text and carried over to the ids by tokenising the text before and behind a boundary apart: ids that both
 * ways have in common lie on that side. An id that reaches over the boundary is not learnt, since the model, asked to
 * continue, could not have written it.
 *
 *   <|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n Hello<|im_end|> \n
 *                                                          ---- learnt ----
 *
 * A turn ends with its end token; what a template writes behind it (here a newline) is never generated, so not learnt.
 * An end token counts where it comes before the next message's content: some templates end the user's turns alone.
 */
import { UserError } from '../../base/errors.js'
import type { TemplateVariables } from '../../model/template/variables.js'
import type { ChatMessage, Tokenizer } from '../../model/types.js'
import type { SftContent } from '../../task/sft-example.js'

export interface SftTokens {
  tokens: Int32Array
  /** 1 = learnt. The first token never is: nothing predicts it. */
  target: Uint8Array
}

type Encoder = Pick<Tokenizer, 'encode' | 'renderChat'>

/** `stopTokens`: the ids that end a completion, the first of which is written where the template writes none. */
export function tokenizeExample(
  tokenizer: Encoder,
  content: SftContent & { templateVariables?: TemplateVariables },
  stopTokens: readonly number[],
): SftTokens {
  return 'messages' in content
    ? tokenizeChat(withVariables(tokenizer, content.templateVariables), content.messages, stopTokens)
    : tokenizeText(tokenizer, content, stopTokens)
}

/** All renderings of one example have the same variables. */
const withVariables = (tokenizer: Encoder, variables: TemplateVariables | undefined): Encoder => ({
  encode: (text, options) => tokenizer.encode(text, options),
  renderChat: (messages, options) => tokenizer.renderChat(messages, { ...options, variables }),
})

/** Prompt and completion as they stand, tokenised apart as in generation, and the end token. */
function tokenizeText(
  tokenizer: Encoder,
  { prompt, completion }: { prompt: string; completion: string },
  stopTokens: readonly number[],
): SftTokens {
  const before = tokenizer.encode(prompt)
  const learnt = [...tokenizer.encode(completion, { special: false }), ...stopTokens.slice(0, 1)]
  return masked([...before, ...learnt], [[before.length, before.length + learnt.length]])
}

function tokenizeChat(tokenizer: Encoder, messages: ChatMessage[], stopTokens: readonly number[]): SftTokens {
  const text = tokenizer.renderChat(messages)
  const turns = messages.flatMap(({ role }, i) =>
    role === 'assistant' ? [locateTurn(tokenizer, messages, i, text)] : [],
  )
  const ids = tokenizer.encode(text, { special: false })
  const boundaries = new Boundaries(tokenizer, text, ids)
  const starts = turns.map(({ start }) => boundaries.firstIdFrom(start))
  const spans = turns.map(({ contentEnd, nextContent }, k): [number, number] => {
    const end = boundaries.lastIdBefore(contentEnd)
    const limit = Math.min(starts[k + 1] ?? ids.length, boundaries.lastIdBefore(nextContent))
    for (let i = Math.max(end, starts[k]); i < limit; i++) if (stopTokens.includes(ids[i])) return [starts[k], i + 1]
    return [starts[k], Math.max(end, starts[k])]
  })
  const last = spans.at(-1)
  // A template that writes no end token would teach the model never to stop.
  if (
    last &&
    messages.at(-1)?.role === 'assistant' &&
    !stopTokens.includes(ids[last[1] - 1]) &&
    stopTokens.length > 0
  ) {
    ids.splice(last[1], ids.length - last[1], stopTokens[0])
    last[1]++
  }
  return masked(ids, spans)
}

function masked(ids: readonly number[], spans: readonly [number, number][]): SftTokens {
  const target = new Uint8Array(ids.length)
  for (const [from, to] of spans) target.fill(1, from, to)
  if (ids.length > 0) target[0] = 0
  return { tokens: Int32Array.from(ids), target }
}

/** No template writes it, and no text has it. */
const placeholder = '\u{f8ff}\u{f8fe}isentrope\u{f8fe}\u{f8ff}'

/**
 * Where message `i` stands in the rendered text. Its content is found by rendering a placeholder in its stead, which
 * also holds for templates that trim contents or drop earlier reasoning. The turn begins where the generation prompt
 * ends (what stands between it and the content, an empty `<think>` say, is the model's to write), or at the content
 * where the rendering does not begin with that prompt.
 */
function locateTurn(
  tokenizer: Encoder,
  messages: ChatMessage[],
  i: number,
  text: string,
): { start: number; contentEnd: number; nextContent: number } {
  const { at, before, behind } = around(tokenizer, messages, i)
  const contentEnd = text.length - behind.length
  // Templates look at the first message, so there is no prompt before it.
  const prompt = i === 0 ? before : tokenizer.renderChat(messages.slice(0, i), { addGenerationPrompt: true })
  const start = [prompt, before].find((begin) => begin.length <= contentEnd && text.startsWith(begin))?.length
  if (at < 0 || start === undefined || !text.endsWith(behind)) {
    throw new UserError(
      `the chat template renders message ${i + 1} in a way from which its content cannot be told apart`,
      { hint: 'give prompt and completion with data.chat: false, or another chat template' },
    )
  }
  return { start, contentEnd, nextContent: nextContent(tokenizer, messages, i, text, contentEnd) }
}

/** The rendering with a placeholder as the content of message `i`, before and behind it; `at` is -1 where it is lost. */
function around(
  tokenizer: Encoder,
  messages: ChatMessage[],
  i: number,
): { at: number; before: string; behind: string } {
  const marked = tokenizer.renderChat(
    messages.map((message, k) => (k === i ? { ...message, content: placeholder } : message)),
  )
  const at = marked.indexOf(placeholder)
  return { at, before: marked.slice(0, at), behind: marked.slice(at + placeholder.length) }
}

/** Where the content of the message behind `i` begins; the end of the text where there is none, `end` where it is unknown. */
function nextContent(tokenizer: Encoder, messages: ChatMessage[], i: number, text: string, end: number): number {
  const next = messages[i + 1]
  if (next === undefined) return text.length
  const { at, before } = around(tokenizer, messages, i + 1)
  if (at >= end && text.startsWith(before)) return at
  // A template may look at what the content is, as Qwen3's does at tool responses.
  const content = next.content.trim()
  const found = content === '' ? -1 : text.indexOf(content, end)
  return found < 0 ? end : found
}

/** Carries positions in a text over to positions among the ids of its tokenisation. */
class Boundaries {
  readonly #tokenizer: Encoder
  readonly #text: string
  readonly #ids: readonly number[]

  constructor(tokenizer: Encoder, text: string, ids: readonly number[]) {
    this.#tokenizer = tokenizer
    this.#text = text
    this.#ids = ids
  }

  /** The number of ids that lie wholly before `at`. */
  lastIdBefore(at: number): number {
    const apart = this.#encode(this.#text.slice(0, at))
    let common = 0
    while (common < apart.length && apart[common] === this.#ids[common]) common++
    return common
  }

  /** The first id that lies wholly at or behind `at`. */
  firstIdFrom(at: number): number {
    const apart = this.#encode(this.#text.slice(0, at))
    if (apart.every((id, i) => id === this.#ids[i])) return apart.length
    const rest = this.#encode(this.#text.slice(at))
    let common = 0
    while (common < rest.length && rest.at(-1 - common) === this.#ids.at(-1 - common)) common++
    return this.#ids.length - common
  }

  #encode(text: string): number[] {
    return text === '' ? [] : this.#tokenizer.encode(text, { special: false })
  }
}
