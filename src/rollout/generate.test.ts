import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type GenerateLine, type GenerateOptions, generate } from './generate.js'

/** A model of 128 positions. */
const policy = fileURLToPath(new URL('../../quickstart/policy', import.meta.url))

async function answers(prompts: string[], options: GenerateOptions = {}): Promise<GenerateLine[]> {
  const lines: GenerateLine[] = []
  const inputs = prompts.map((prompt) => ({ prompt }))
  for await (const line of generate(policy, inputs, { threads: 1, ...options })) lines.push(line)
  return lines
}

describe('generate', () => {
  it('without a length of its own goes on to the end of the positions at most', async () => {
    // 126 of the 128 positions: two tokens remain
    const prompt = '('.repeat(126)
    const [line] = await answers([prompt])
    expect(line.prompt).toBe(prompt)
    expect(line.tokens.length).toBeLessThanOrEqual(2)
    expect(await answers(['3,5,7,2=12:'])).toMatchObject([{ finish: 'stop' }])
  })

  it('names the prompt that has no room or no tokens, by its place in the whole input', async () => {
    const long = '1'.repeat(128)
    await expect(answers(['1', long], { batchSize: 1, maxNewTokens: 2 })).rejects.toThrow(
      "prompt 2 has 128 tokens; with 2 new ones it passes the model's 128 positions",
    )
    await expect(answers(['1', long])).rejects.toThrow(
      "prompt 2 has 128 tokens, which leave no room in the model's 128 positions",
    )
    await expect(answers(['1', '2', ''])).rejects.toThrow('prompt 3 has no tokens')
  })
})
