import { describe, expect, it } from 'vitest'
import type { DecoderConfig, Tokenizer } from '../model/types.js'
import type { Example } from '../task/types.js'
import { promptTokens, requireRoomFor } from './prompts.js'

const tokenizer = {
  encode: (text: string) => [...text].map((character) => character.charCodeAt(0)),
  renderChat: (messages: { content: string }[]) => messages.map(({ content }) => content).join('|'),
} as unknown as Tokenizer

const problem = (prompt: unknown) => ({ id: 'p7', prompt }) as unknown as Example

describe('a prompt', () => {
  it('is a text or a chat', () => {
    expect([...promptTokens({ tokenizer }, problem('ab')).tokens]).toEqual([97, 98])
    const chat = [
      { role: 'system', content: 'a' },
      { role: 'user', content: 'b' },
    ]
    expect(promptTokens({ tokenizer }, problem(chat)).text).toBe('a|b')
  })

  it("hands the problem's variables to the template", () => {
    const seen: unknown[] = []
    const recording = { ...tokenizer, renderChat: (_: unknown, options: unknown) => String(seen.push(options)) }
    const chat = [{ role: 'user', content: 'b' }]
    promptTokens({ tokenizer: recording }, { id: 'p7', prompt: chat, templateVariables: { enable_thinking: false } })
    expect(seen).toEqual([{ addGenerationPrompt: true, variables: { enable_thinking: false } }])
  })

  it.each([
    [5, '5'],
    [undefined, 'missing'],
    [[], '\\[\\]'],
    [[{ role: 'user' }], '\\[\\{"role":"user"\\}\\]'],
    [[null], '\\[null\\]'],
  ])('is not %j', (prompt, shown) => {
    expect(() => promptTokens({ tokenizer }, problem(prompt))).toThrow(
      new RegExp(`^problem p7: its prompt is ${shown}$`),
    )
  })

  it('has to leave room for its completion', () => {
    const config = { maxPositionEmbeddings: 10 } as DecoderConfig
    requireRoomFor(config, problem('x'), new Int32Array(6), 4)
    expect(() => requireRoomFor(config, problem('x'), new Int32Array(6), 5)).toThrow(
      "the prompt of problem p7 has 6 tokens; with 5 new ones it passes the model's 10 positions",
    )
  })
})
