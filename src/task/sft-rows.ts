/**
 * Rows of public data sets as supervised examples. Known layouts, in the order tried: a chat in `messages` (also
 * ShareGPT's `conversations` of {from, value}); GSM8K's question and answer; a prompt (text or chat) and a completion
 * (text or chat, as TRL writes them).
 */

import { UserError } from '../base/errors.js'
import { parseJson } from '../base/json.js'
import type { ChatMessage } from '../model/types.js'
import { asPrompt, asText, chooseColumn, column, promptColumns } from './data/columns.js'
import type { Row } from './data/rows.js'
import { gsm8kInstruction } from './gsm8k.js'
import type { SftContent, SftExample } from './sft-example.js'
import { plainTemplate } from './template.js'

const chatColumns = ['messages', 'conversations', 'conversation', 'chat'] as const
const completionColumns = ['completion', 'response', 'output', 'answer', 'solution', 'target'] as const

export interface RowOptions {
  /** Columns, where the usual ones are not meant. */
  messages?: string
  prompt?: string
  completion?: string
  /** Text of the user\'s message. {prompt} stands for the prompt. */
  template: string
  /** Prompt and completion become a chat of two messages. */
  chat: boolean
  system?: string
}

/** @throws UserError that names the row where it holds nothing to learn. */
export function toSftExample(row: Row, where: string, options: RowOptions): SftExample {
  const content = contentOf(row, where, options)
  if ('messages' in content) return { messages: withSystem(checkChat(content.messages, where), options.system), where }
  return { ...content, where }
}

function contentOf(row: Row, where: string, options: RowOptions): SftContent {
  const chatColumn = chatColumnOf(row, where, options)
  if (chatColumn !== undefined) return { messages: asChat(column(row, chatColumn), `${where}, ${chatColumn}`) }

  const promptColumn = chooseColumn(row, options.prompt, promptColumns, where)
  const completionColumn = chooseColumn(row, options.completion, completionColumns, where)
  const prompt = asPrompt(column(row, promptColumn), `${where}, ${promptColumn}`)
  const completion = column(row, completionColumn)
  const reply = Array.isArray(completion)
    ? asChat(completion, `${where}, ${completionColumn}`)
    : asText(completion, `${where}, ${completionColumn}`)
  if (reply === '') throw new UserError(`${where}: '${completionColumn}' is empty`)
  if (typeof prompt === 'string' && typeof reply === 'string') {
    return promptColumn === 'question' && completionColumn === 'answer' && isGsm8kSolution(reply)
      ? ofTexts(prompt, withoutCalculations(reply), options, `${plainTemplate}\n\n${gsm8kInstruction}`)
      : ofTexts(prompt, reply, options)
  }
  const asking = typeof prompt === 'string' ? [user(fill(options.template, prompt))] : prompt
  return { messages: [...asking, ...(typeof reply === 'string' ? [assistant(reply)] : reply)] }
}

/** The chat's column; undefined where the row has none, or columns of prompt or completion are asked for. */
function chatColumnOf(row: Row, where: string, { messages, prompt, completion }: RowOptions): string | undefined {
  if (messages !== undefined) return chooseColumn(row, messages, [], where)
  if (prompt !== undefined || completion !== undefined) return undefined
  return chatColumns.find((name) => Array.isArray(parsed(column(row, name))))
}

/** `usual`: the data set's own template, where none is given. */
function ofTexts(prompt: string, completion: string, options: RowOptions, usual = plainTemplate): SftContent {
  const text = fill(options.template === plainTemplate ? usual : options.template, prompt)
  return options.chat ? { messages: [user(text), assistant(completion)] } : { prompt: text, completion }
}

const fill = (template: string, prompt: string) => template.replaceAll('{prompt}', () => prompt)
const user = (content: string): ChatMessage => ({ role: 'user', content })
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content })

/** GSM8K's solutions end so. */
const isGsm8kSolution = (solution: string): boolean => /\n#### \S+\s*$/.test(solution)

/** GSM8K notes its calculations as `<<48/2=24>>` for a calculator; a model without one writes the result itself. */
export const withoutCalculations = (solution: string): string => solution.replaceAll(/<<[^<>]*>>/g, '')

const roles: Record<string, string> = { human: 'user', gpt: 'assistant', bot: 'assistant' }

/** Files without nested columns hold chats as JSON text. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*\[\s*\{/.test(value)) return value
  try {
    return parseJson(value)
  } catch {
    return value
  }
}

function asChat(given: unknown, where: string): ChatMessage[] {
  const value = parsed(given)
  if (!Array.isArray(value)) throw new UserError(`${where}: a chat is a list of {role, content}`)
  return value.map((message: unknown) => {
    const { role, content, from, value: text } = (message ?? {}) as Record<string, unknown>
    const name = role ?? from
    const words = content ?? text
    if (typeof name !== 'string' || typeof words !== 'string') {
      throw new UserError(`${where}: a chat is a list of {role, content} (or {from, value}) with texts`)
    }
    return { role: role === undefined ? (roles[name] ?? name) : name, content: words }
  })
}

function checkChat(messages: ChatMessage[], where: string): ChatMessage[] {
  const replies = messages.filter(({ role }) => role === 'assistant')
  if (replies.length === 0) throw new UserError(`${where}: the chat has no assistant message, so nothing to learn`)
  return messages
}

/** A chat with a system message of its own keeps that. */
function withSystem(messages: ChatMessage[], system: string | undefined): ChatMessage[] {
  return system === undefined || messages.some(({ role }) => role === 'system')
    ? messages
    : [{ role: 'system', content: system }, ...messages]
}
