import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { ChatMessage } from '../types.js'
import { readTokenizerFiles, tokenizerSidecars } from './files.js'
import { createTokenizer } from './tokenizer.js'

// test/golden/make_tokenizers.py writes the tokenizers and what transformers makes of the texts.
const root = 'test/fixtures/tokenizers'
interface Golden {
  texts: string[]
  ids: number[][]
  bare: number[][]
  decoded: string[]
  skipped: string[]
  chats: { messages: ChatMessage[]; generation: boolean; text?: string; error?: string }[]
}

const scratch = mkdtempSync(join(tmpdir(), 'isentrope-tokenizer-'))
afterAll(() => rmSync(scratch, { recursive: true }))

describe.each(readdirSync(root))('the tokenizer %s', (name) => {
  const golden = JSON.parse(readFileSync(join(root, name, 'golden.json'), 'utf8')) as Golden
  const tokenizer = createTokenizer(readTokenizerFiles(join(root, name)), { eosTokenIds: [] })

  it('gives the ids of Python', () => {
    golden.texts.forEach((text, i) => {
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(golden.ids[i])
      expect(tokenizer.encode(text, { special: false }), JSON.stringify(text)).toEqual(golden.bare[i])
    })
  })

  it('decodes as Python does', () => {
    golden.texts.forEach((_, i) => {
      expect(tokenizer.decode(golden.ids[i])).toBe(golden.decoded[i])
      expect(tokenizer.decode(golden.ids[i], { skipSpecial: true })).toBe(golden.skipped[i])
    })
  })

  it('renders chats as transformers does', () => {
    for (const { messages, generation, text, error } of golden.chats) {
      const render = () => tokenizer.renderChat(messages, { addGenerationPrompt: generation })
      if (text === undefined) expect(render).toThrow(error)
      else expect(render()).toBe(text)
    }
  })

  it('is the same after being written as tokenizer.json', () => {
    const directory = mkdtempSync(join(scratch, name))
    const sidecars = tokenizerSidecars(readTokenizerFiles(join(root, name)))
    for (const [file, content] of sidecars) writeFileSync(join(directory, file), content)
    const again = createTokenizer(readTokenizerFiles(directory), { eosTokenIds: [] })
    for (const text of golden.texts) expect(again.encode(text)).toEqual(tokenizer.encode(text))
    expect(again.chatTemplate).toBe(tokenizer.chatTemplate)
  })
})
