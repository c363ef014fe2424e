/** `--template KEY=VALUE`: variables of the model's chat template. */

import { parse } from 'yaml'
import { UserError } from '../base/errors.js'
import { checkVariables, type TemplateVariables } from '../model/template/variables.js'

export const templateHelp = 'set a variable of the chat template (repeatable)'

/** A name, an equals sign, and a value of YAML; a text with {prompt} is a user message. */
const assignment = /^([\p{L}_][\p{L}\p{Nd}_]*)=(?!.*\{prompt\})(.*)$/su

/**
 * Splits what `--template` was given. Values are read as YAML, as those of `--set`.
 * @throws UserError when a name is reserved, or a value cannot be read
 */
export function templateOptions(given: readonly string[] = []): { texts: string[]; variables?: TemplateVariables } {
  const texts: string[] = []
  const variables: Record<string, unknown> = {}
  for (const each of given) {
    const [, name, value] = assignment.exec(each) ?? []
    if (name === undefined) texts.push(each)
    else variables[name] = yamlValue(name, value)
  }
  checkVariables(variables)
  return Object.keys(variables).length === 0 ? { texts } : { texts, variables }
}

function yamlValue(name: string, text: string): unknown {
  try {
    return parse(text)
  } catch {
    throw new UserError(`--template ${name}: the value cannot be read as YAML`, {
      hint: `quote it: --template '${name}="..."'`,
    })
  }
}

/** For commands that take variables alone. */
export function templateVariables(given: readonly string[] | undefined): TemplateVariables | undefined {
  const { texts, variables } = templateOptions(given)
  if (texts.length > 0) {
    throw new UserError(`--template ${texts[0].slice(0, 60)}: not a variable and a value`, {
      hint: 'write --template enable_thinking=false',
    })
  }
  return variables
}

export const templateNeedsChat = new UserError('--template needs --chat', {
  hint: 'prompts without a chat do not go through the template',
})
