/** Chat templates: a model's Jinja template, rendered as transformers renders it. */

import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja'
import { UserError } from '../base/errors.js'
import type { ChatMessage } from './types.js'

export interface RenderOptions {
  addGenerationPrompt?: boolean
}

/** Special tokens by the names that templates use: bos_token, eos_token, pad_token, unk_token, ... */
export type SpecialTokenNames = Readonly<Record<string, string>>

/**
 * Compiles a template. Rendering gives it `messages`, `add_generation_prompt`, the special tokens, `strftime_now` and
 * `raise_exception`, and no tools or documents.
 *
 * The library's own `Template` is not used for one reason: its `strftime_now` speaks the machine's language, and a
 * prompt must not depend on that.
 *
 * @throws UserError where the template does not parse; the returned function where it refuses the messages
 */
export function compileChatTemplate(
  source: string,
  specialTokens: SpecialTokenNames,
  now: () => Date = () => new Date(),
): (messages: readonly ChatMessage[], options?: RenderOptions) => string {
  let program: ReturnType<typeof parse>
  try {
    program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }))
  } catch (cause) {
    throw new UserError(`the chat template does not parse: ${(cause as Error).message}`, { cause })
  }
  const globals = {
    ...literals,
    range,
    raise_exception: (message: string): never => {
      throw new Error(message)
    },
    strftime_now: (format: string) => strftime(now(), format),
  }
  return (messages, { addGenerationPrompt = false } = {}) => {
    const environment = new Environment()
    const variables = { ...specialTokens, messages, add_generation_prompt: addGenerationPrompt, ...noTools }
    for (const [name, value] of Object.entries({ ...variables, ...globals })) environment.set(name, value)
    try {
      return String(new Interpreter(environment).run(program).value)
    } catch (cause) {
      throw new UserError(`the chat template cannot render these messages: ${(cause as Error).message}`, { cause })
    }
  }
}

const literals = { true: true, false: false, none: null, True: true, False: false, None: null }
const noTools = { tools: null, documents: null }

/** Python's range. */
function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = typeof stop === 'number' ? [start, stop] : [0, start]
  const length = Math.max(0, Math.ceil((to - from) / step))
  return Array.from({ length }, (_, i) => from + i * step)
}

const months = 'January February March April May June July August September October November December'.split(' ')
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')

/** Python's strftime in the C locale, for the directives that templates use; others stay as they are written. */
export function strftime(date: Date, format: string): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const hour12 = date.getHours() % 12 || 12
  const directives: Record<string, string> = {
    Y: String(date.getFullYear()),
    y: two(date.getFullYear() % 100),
    m: two(date.getMonth() + 1),
    d: two(date.getDate()),
    B: months[date.getMonth()],
    b: months[date.getMonth()].slice(0, 3),
    A: days[date.getDay()],
    a: days[date.getDay()].slice(0, 3),
    H: two(date.getHours()),
    I: two(hour12),
    M: two(date.getMinutes()),
    S: two(date.getSeconds()),
    p: date.getHours() < 12 ? 'AM' : 'PM',
    '%': '%',
  }
  return format.replace(/%(-?)([A-Za-z%])/g, (whole, dash: string, letter: string) => {
    const value = directives[letter]
    if (value === undefined) return whole
    return dash ? value.replace(/^0(?=\d)/, '') : value
  })
}
