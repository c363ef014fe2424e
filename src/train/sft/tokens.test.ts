import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTokenizerFiles } from '../../model/tokenizer/files.js'
import { createTokenizer } from '../../model/tokenizer/tokenizer.js'
import type { ChatMessage, Tokenizer } from '../../model/types.js'
import { type SftTokens, tokenizeExample } from './tokens.js'

/** Qwen3's way with reasoning: that of the last turn is shown (empty where there is none), earlier reasoning dropped. */
const reasoning =
  "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' }}{%- set text = m.content.split('</think>')[-1].lstrip('\\n') %}" +
  "{%- if m.role == 'assistant' and loop.last %}{{- '<think>\\n' }}" +
  "{%- if '</think>' in m.content %}{{- m.content.split('</think>')[0].split('<think>')[-1].strip('\\n') }}{%- endif %}" +
  "{{- '\\n</think>\\n\\n' }}{%- endif %}{{- text + '<|im_end|>\\n' }}{%- endfor %}" +
  "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"

function load(name: string): Tokenizer {
  const files = readTokenizerFiles(join('test/fixtures/tokenizers', name))
  return createTokenizer({ ...files, ...(name === 'qwen3' ? { chatTemplate: reasoning } : {}) }, { eosTokenIds: [] })
}
const stopsOf = (tokenizer: Tokenizer) => [...tokenizer.eosTokenIds]

const chat = (...contents: string[]): ChatMessage[] =>
  contents.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }))

/** The learnt stretches as text. */
function learnt({ tokens, target }: SftTokens, decode: (ids: number[]) => string): string[] {
  const runs: number[][] = []
  tokens.forEach((id, i) => {
    if (target[i] === 0) return
    if (i === 0 || target[i - 1] === 0) runs.push([])
    runs.at(-1)!.push(id)
  })
  return runs.map(decode)
}

describe('a chat', () => {
  it.each([
    ['smollm', chat('Hi', 'Hello there.', 'Two and two?', 'Four.'), ['Hello there.<|im_end|>', 'Four.<|im_end|>']],
    // The template trims contents.
    ['llama3', chat('Hi', '  Hello there. '), ['Hello there.<|eot_id|>']],
    // The template drops earlier reasoning; the last turn's, even where it is empty, is the model's to write.
    [
      'qwen3',
      chat('Hi', '<think>\nold\n</think>\n\nFirst.', 'More', '<think>\nhm\n</think>\n\nSecond.'),
      ['First.<|im_end|>', '<think>\nhm\n</think>\n\nSecond.<|im_end|>'],
    ],
    ['qwen3', chat('Hi', 'Ho.'), ['<think>\n\n</think>\n\nHo.<|im_end|>']],
    ['smollm', [{ role: 'assistant', content: 'I begin.' }], ['I begin.<|im_end|>']],
    // Text that reads like an end token is content; the turn's own end token ends it.
    ['smollm', chat('Hi', 'a<|im_end|>b'), ['a<|im_end|>b<|im_end|>']],
  ])('of %s keeps the whole rendering’s ids and learns the assistant’s turns', (name, messages, expected) => {
    const tokenizer = load(name)
    const made = tokenizeExample(tokenizer, { messages }, stopsOf(tokenizer))
    expect(Array.from(made.tokens)).toEqual(tokenizer.encode(tokenizer.renderChat(messages), { special: false }))
    expect(learnt(made, (ids) => tokenizer.decode(ids))).toEqual(expected)
  })

  it('has the same variables in all renderings', () => {
    const files = readTokenizerFiles('test/fixtures/tokenizers/qwen3')
    const source =
      "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' + (mood if m.role == 'assistant' else '') + m.content + '<|im_end|>\\n' }}" +
      "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' + mood }}{%- endif %}"
    const tokenizer = createTokenizer({ ...files, chatTemplate: source }, { eosTokenIds: [] })
    const example = { messages: chat('Hi', 'Ho.'), templateVariables: { mood: 'glad: ' } }
    const made = tokenizeExample(tokenizer, example, stopsOf(tokenizer))
    expect(tokenizer.decode(made.tokens)).toContain('assistant\nglad: Ho.')
    expect(learnt(made, (ids) => tokenizer.decode(ids)).join()).toMatch(/^ ?Ho\.<\|im_end\|>$/)
  })

  it('has the ids that generation would begin with before the first learnt one', () => {
    for (const name of ['smollm', 'llama3', 'qwen3']) {
      const tokenizer = load(name)
      const { tokens, target } = tokenizeExample(tokenizer, { messages: chat('Why?', 'So.') }, stopsOf(tokenizer))
      const prompt = tokenizer.renderChat(chat('Why?'), { addGenerationPrompt: true })
      expect(Array.from(tokens.subarray(0, target.indexOf(1)))).toEqual(tokenizer.encode(prompt, { special: false }))
    }
  })

  it('never learns an id that reaches into the prompt, whatever the texts', () => {
    const tokenizer = load('smollm')
    const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((s) => !s.includes('<|'))
    const spaced = fc.tuple(fc.constantFrom('', '\n', '\n\n', ' ', '\t', 'ant'), text).map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.array(fc.tuple(text, spaced), { minLength: 1, maxLength: 3 }), (turns) => {
        const messages = chat(...turns.flat())
        const made = tokenizeExample(tokenizer, { messages }, stopsOf(tokenizer))
        expect(Array.from(made.tokens)).toEqual(tokenizer.encode(tokenizer.renderChat(messages), { special: false }))
        const runs = learnt(made, (ids) => tokenizer.decode(ids))
        expect(runs.length).toBe(turns.length)
        runs.forEach((run, i) => {
          const whole = `${turns[i][1]}<|im_end|>`
          expect(whole.endsWith(run)).toBe(true)
          // What is left out is the one id over the boundary: white space that joins the newline before it.
          expect(whole.slice(0, whole.length - run.length)).toMatch(/^\s*$/)
        })
      }),
      { numRuns: 200 },
    )
  })
})

/** A tokenizer of single characters with a template of its own; `§` is the end token. */
function characters(render: (messages: readonly ChatMessage[], prompt: boolean) => string) {
  return {
    encode: (text: string) => Array.from(text, (character) => character.codePointAt(0)!),
    renderChat: (messages: ChatMessage[], { addGenerationPrompt = false } = {}) =>
      render(messages, addGenerationPrompt),
  }
}
const stop = ['§'.codePointAt(0)!]
const toText = (ids: number[]) => String.fromCodePoint(...ids)

describe('a template', () => {
  it('may put white space before the end token, as Llama 2 does', () => {
    const tokenizer = characters((messages) =>
      messages.map(({ role, content }) => (role === 'user' ? `[INST] ${content} [/INST]` : ` ${content} §`)).join(''),
    )
    const made = tokenizeExample(tokenizer, { messages: chat('q', 'a', 'r', 'b') }, stop)
    expect(learnt(made, toText)).toEqual([' a §', ' b §'])
  })

  it('that writes no end token gets one behind the last reply', () => {
    const tokenizer = characters(
      (messages, prompt) =>
        `${messages.map(({ role, content }) => `${role[0]}:${content}\n`).join('')}${prompt ? 'a:' : ''}`,
    )
    const made = tokenizeExample(tokenizer, { messages: chat('q', 'one', 'r', 'two') }, stop)
    expect(toText(Array.from(made.tokens))).toBe('u:q\na:one\nu:r\na:two§')
    expect(learnt(made, toText)).toEqual(['one', 'two§'])
  })

  it('that ends the user’s turns alone is not learnt on beyond the reply', () => {
    const tokenizer = characters(
      (messages, prompt) =>
        `${messages.map(({ role, content }) => (role === 'user' ? `u:${content}§` : `a:${content}\n`)).join('')}${prompt ? 'a:' : ''}`,
    )
    const of = (...contents: string[]) =>
      learnt(tokenizeExample(tokenizer, { messages: chat(...contents) }, stop), toText)
    expect(of('q', 'one', 'r', 'two')).toEqual(['one', 'two§'])
    expect(of('q', 'one', 'r')).toEqual(['one'])
    expect(of('q', 'one', '', 'two')).toEqual(['one', 'two§'])
  })

  it('whose generation prompt is not what it renders is learnt from the content on', () => {
    const tokenizer = characters(
      (messages, prompt) =>
        `${messages.map(({ role, content }) => `<${role}>${content}§`).join('')}${prompt ? '<bot>' : ''}`,
    )
    expect(learnt(tokenizeExample(tokenizer, { messages: chat('q', 'one') }, stop), toText)).toEqual(['one§'])
  })

  it('that changes the content beyond telling is refused', () => {
    const tokenizer = characters((messages) => messages.map(({ content }) => content.length).join(' '))
    expect(() => tokenizeExample(tokenizer, { messages: chat('q', 'one') }, stop)).toThrow(/message 2/)
  })
})

describe('a text', () => {
  const tokenizer = characters(() => '')

  it('is prompt, completion and end token', () => {
    const made = tokenizeExample(tokenizer, { prompt: 'ab', completion: 'cd' }, stop)
    expect(toText(Array.from(made.tokens))).toBe('abcd§')
    expect(learnt(made, toText)).toEqual(['cd§'])
  })

  it('without a prompt is learnt from its second token on', () => {
    const made = tokenizeExample(tokenizer, { prompt: '', completion: 'cd' }, stop)
    expect(learnt(made, toText)).toEqual(['d§'])
  })
})
