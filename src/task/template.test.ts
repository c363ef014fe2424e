import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { hashProblems } from '../evaluate/problem-set.js'
import { loadTask } from './registry.js'
import { loadSftData } from './sft-data.js'
import { sftDataSection } from './sft-section.js'
import type { TaskSpec } from './spec.js'
import { PromptStream } from './stream.js'
import { withVariables } from './template.js'

const directory = mkdtempSync(join(tmpdir(), 'template-'))
afterAll(() => rmSync(directory, { recursive: true }))
const path = join(directory, 'rows.jsonl')
writeFileSync(
  path,
  '{"prompt":"2+2","answer":"4","completion":"four"}\n{"prompt":"1+1","answer":"2","completion":"two"}\n',
)

const first = async (keys: object) => {
  const task = await loadTask({ name: 'jsonl', path, ...keys } as TaskSpec)
  return (await new PromptStream(task, 'train', 0).next(1))[0]
}
const variables = { enable_thinking: false, tools: [{ name: 'f' }] }

describe("a task's template", () => {
  it('is a user message when it is a text', async () => {
    const example = await first({ template: 'Q: {prompt}' })
    expect(example.prompt).toEqual([{ role: 'user', content: expect.stringMatching(/^Q: \d/) }])
    expect(example.templateVariables).toBeUndefined()
  })

  it('holds variables when it is an object, and message is the text', async () => {
    const example = await first({ template: variables, message: 'Q: {prompt}' })
    expect(example.prompt).toEqual([{ role: 'user', content: expect.stringMatching(/^Q: \d/) }])
    expect(example.templateVariables).toEqual(variables)
  })

  it('is taken by every task, and a text by those alone that read rows', async () => {
    const task = await loadTask({ name: 'arithmetic', template: variables } as TaskSpec)
    const [example] = await new PromptStream(task, 'train', 0).next(1)
    expect(example.templateVariables).toEqual(variables)
    await expect(loadTask({ name: 'arithmetic', template: 'Q: {prompt}' } as TaskSpec)).rejects.toThrow(
      "unknown key 'template'",
    )
  })

  it.each([
    [{ messages: [] }, "'messages' is reserved"],
    [{ bos_token: '<s>' }, "'bos_token' is reserved"],
    [{ 'a-b': 1 }, "'a-b' is not a name"],
  ])('refuses %j', async (template, message) => {
    await expect(first({ template })).rejects.toThrow(message)
  })

  it('needs chats', async () => {
    await expect(first({ template: variables, chat: false })).rejects.toThrow('need prompts in chat form')
  })

  it('tells problem sets apart', async () => {
    const [plain, given] = [await first({}), await first({ template: variables })]
    expect(hashProblems([given])).not.toBe(hashProblems([plain]))
    expect(hashProblems([{ ...given, templateVariables: undefined }])).toBe(hashProblems([plain]))
  })
})

describe('withVariables', () => {
  it('keeps what is there, and wins', () => {
    expect(withVariables({ template: '{prompt}!' }, { a: 1 })).toEqual({ template: { a: 1 }, message: '{prompt}!' })
    expect(withVariables({ template: { a: 0, b: 2 } }, { a: 1 })).toEqual({ template: { a: 1, b: 2 } })
    expect(withVariables({ template: 'x' })).toEqual({ template: 'x' })
  })
})

describe('supervised data', () => {
  const load = async (keys: object) => (await loadSftData(sftDataSection.parse({ path, ...keys }))).train[0]

  it('carries the variables to each example, beside the text', async () => {
    const example = await load({ template: variables, message: 'Q: {prompt}' })
    expect(example).toMatchObject({
      messages: [
        { role: 'user', content: 'Q: 2+2' },
        { role: 'assistant', content: 'four' },
      ],
      templateVariables: variables,
    })
    expect(await load({ template: 'Q: {prompt}' })).not.toHaveProperty('templateVariables')
  })
})
