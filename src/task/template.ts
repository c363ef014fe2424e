/**
 * The key `template`, which tasks and supervised data share. An object holds variables of the model's chat template. A text
 * is the user message, where rows of a file become chats; beside variables that text is the key `message`.
 */

import { z } from 'zod'
import { UserError } from '../base/errors.js'
import { checkVariables, type TemplateVariables } from '../model/template/variables.js'
import { changeExamples } from './system.js'
import type { Example, Task } from './types.js'

export const plainTemplate = '{prompt}'

export const templateKey = z.union([z.string(), z.record(z.string(), z.unknown())])

/** As other code may write them: a text, variables, or neither. */
export interface TemplateKeys {
  template?: string | TemplateVariables
  message?: string
}

/** The variables among the keys. */
export function variablesOf({ template }: TemplateKeys): TemplateVariables | undefined {
  if (template === undefined || typeof template === 'string') return undefined
  checkVariables(template)
  return template
}

/** Text of the user message; {prompt} stands for the prompt. */
export function messageText({ template, message }: TemplateKeys): string {
  return message ?? (typeof template === 'string' ? template : plainTemplate)
}

/** The same keys with further variables, which win; a text under `template` stays as `message`. */
export function withVariables<Keys extends object>(keys: Keys, variables?: TemplateVariables): Keys {
  if (variables === undefined || Object.keys(variables).length === 0) return keys
  const { template } = keys as { template?: unknown }
  if (typeof template === 'string') return { ...keys, template: variables, message: template }
  return { ...keys, template: { ...(template as TemplateVariables | undefined), ...variables } }
}

/** The same task, whose chats are rendered with the variables. */
export function withTemplate<E extends Example>(task: Task<E>, variables: TemplateVariables): Task<E> {
  return changeExamples(task, (example) => {
    if (typeof example.prompt === 'string') {
      throw new UserError(
        `task ${task.name}: variables under 'template' need prompts in chat form; these are plain text`,
      )
    }
    return { ...example, templateVariables: { ...example.templateVariables, ...variables } }
  })
}
