/** Chat templates: a model's Jinja template, rendered as transformers renders it with jinja2. */

import { parse } from '@huggingface/jinja'
import { UserError } from '../../base/errors.js'
import type { ChatMessage } from '../types.js'
import { bind, textOf, wholeOf } from './arguments.js'
import { type Budget, LimitError } from './budget.js'
import { entriesOf, generationBlock, type Node, TemplateInterpreter } from './interpreter.js'
import { tokenizeTemplate } from './lexer.js'
import { rewriteTokens } from './rewrite.js'
import { strftime } from './strftime.js'
import { Callable, Dict, Range, Scope, str, TemplateError, text, type Value } from './values.js'
import type { TemplateVariables } from './variables.js'

export interface RenderOptions {
  addGenerationPrompt?: boolean
  /** What the template sees beside the messages: `enable_thinking`, `tools`, ... */
  variables?: TemplateVariables
}

/** Special tokens by the names that templates use: bos_token, eos_token, pad_token, unk_token, ... */
export type SpecialTokenNames = Readonly<Record<string, string>>

export interface ChatTemplate {
  render(messages: readonly ChatMessage[], options?: RenderOptions): string
  /** Whether the template reads a variable of this name anywhere. */
  reads(name: string): boolean
}

/**
 * Compiles a template. Rendering gives it `messages`, `add_generation_prompt`, the special tokens, `tools` and `documents`
 * (none unless given), `strftime_now`, and `raise_exception`.
 *
 * @param where the file that the template is from, for errors
 * @throws UserError when the template does not parse; `render` throws it when the template refuses the messages, needs
 *   something that is not supported, or takes too much (budget.ts)
 */
export function compileChatTemplate(
  source: string,
  specialTokens: SpecialTokenNames,
  where = 'of the model',
  now: () => Date = () => new Date(),
): ChatTemplate {
  const failed = (what: string, cause: unknown): UserError => {
    const { message, hint } = cause as UserError
    const isDeep = cause instanceof RangeError && /call stack/i.test(message)
    const reason = isDeep ? 'it nests too deeply' : message
    return new UserError(`the chat template ${where} ${what}${reason}`, {
      cause,
      ...(hint === undefined ? {} : { hint }),
    })
  }
  let program: Node
  let names: Set<string>
  try {
    const tokens = rewriteTokens(tokenizeTemplate(source))
    names = new Set(tokens.filter(({ type }) => type === 'Identifier').map(({ value }) => value))
    program = parse(tokens) as unknown as Node
  } catch (cause) {
    throw failed('does not parse: ', cause)
  }
  return {
    reads: (name) => names.has(name),
    render(messages, { addGenerationPrompt = false, variables = {} } = {}) {
      const scope = new Scope()
      const given = {
        tools: null,
        documents: null,
        ...specialTokens,
        ...variables,
        messages: messages.map(asTransformersGives),
        add_generation_prompt: addGenerationPrompt,
      }
      const interpreter = new TemplateInterpreter(scope)
      for (const [name, value] of Object.entries(globals(interpreter.budget, now))) scope.setVariable(name, value)
      try {
        for (const [name, value] of Object.entries(given)) {
          scope.variables.delete(name)
          scope.set(name, value)
        }
        return interpreter.render(program, scope)
      } catch (cause) {
        throw failed(cause instanceof LimitError ? '' : 'cannot render these messages: ', cause)
      }
    },
  }
}

/** transformers drops what is null in a message, and gives reasoning under the names that templates read. */
function asTransformersGives(message: ChatMessage): object {
  const entries = Object.entries(message).filter(([, value]) => value !== null && value !== undefined)
  const given: Record<string, unknown> = Object.fromEntries(entries)
  const reasoning = given.reasoning_content ?? given.thinking ?? given.reasoning
  return reasoning === undefined ? given : { thinking: reasoning, ...given, reasoning_content: reasoning }
}

function globals(budget: Budget, now: () => Date): Record<string, Value> {
  const literals = new Scope()
  for (const [name, value] of [
    ['true', true],
    ['false', false],
    ['none', null],
  ] as const) {
    literals.set(name, value)
    literals.set(`${name[0].toUpperCase()}${name.slice(1)}`, value)
  }
  literals.variables.delete('namespace')
  return {
    ...Object.fromEntries(literals.variables),
    [generationBlock[0]]: generationBlock[1],
    range: new Callable((args) => {
      const [a, b, step] = bind('range', ['/start', '/stop?', '/step?'], args)
      const [from, to] = b === undefined ? [0, wholeOf('range', a!)] : [wholeOf('range', a!), wholeOf('range', b)]
      const stride = step === undefined ? 1 : wholeOf('range', step)
      if (stride === 0) throw new TemplateError('range() arg 3 must not be zero')
      const made = new Range(from, to, stride)
      budget.values(made.value.length)
      return made
    }),
    dict: new Callable((args) => new Dict(entriesOf('dict', args))),
    raise_exception: new Callable((args) => {
      throw new TemplateError(args.length === 0 ? 'it raises an exception' : str(args[0], budget))
    }),
    strftime_now: new Callable((args) =>
      text(strftime(now(), textOf('strftime_now', bind('strftime_now', ['format'], args)[0]))),
    ),
  }
}
