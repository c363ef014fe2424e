/** Variables that a user gives a chat template: `enable_thinking`, `tools`, ... */

import { UserError } from '../../base/errors.js'
import type { Tokenizer } from '../types.js'

/** Values of a template's variables, as JSON has them. */
export type TemplateVariables = Readonly<Record<string, unknown>>

/** Names that this program gives, or that Jinja has. */
const reserved = new Set(
  (
    'messages add_generation_prompt bos_token eos_token unk_token sep_token pad_token cls_token mask_token ' +
    'additional_special_tokens raise_exception strftime_now range dict namespace cycler joiner lipsum loop self caller ' +
    'varargs kwargs true false none True False None and or not in is if else'
  ).split(' '),
)

/** @throws UserError that names a variable which cannot be given */
export function checkVariables(variables: TemplateVariables): void {
  for (const name of Object.keys(variables)) {
    if (reserved.has(name)) {
      throw new UserError(`template: '${name}' is reserved`, {
        hint: 'the program or Jinja itself sets it; other names are variables, such as enable_thinking and tools',
      })
    }
    if (!/^[\p{L}_][\p{L}\p{Nd}_]*$/u.test(name)) {
      throw new UserError(`template: '${name.slice(0, 60)}' is not a name that a template can read`, {
        hint: 'write it in letters, digits, and _',
      })
    }
  }
}

/** A warning if the model's template reads some of the variables nowhere: they then change nothing. */
export function unusedVariables(tokenizer: Tokenizer, variables: TemplateVariables | undefined): string | undefined {
  const unused = Object.keys(variables ?? {}).filter((name) => tokenizer.templateReads?.(name) === false)
  if (unused.length === 0) return undefined
  const names = unused.map((name) => `'${name}'`).join(', ')
  return `the model's chat template does not use ${names}, so ${unused.length === 1 ? 'it changes' : 'they change'} nothing`
}
