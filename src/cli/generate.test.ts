import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { fakeIo, fakeTerminal, runCommand } from '../../test/fake-io.js'
import type { generate as Generate, GenerateInput, GenerateOptions } from '../rollout/generate.js'
import { samplingEngine } from '../run/plan/sampling-engine.js'
import { generateCommand } from './generate.js'

vi.mock('../run/plan/sampling-engine.js', { spy: true })

interface Seen {
  model?: string
  prompts: GenerateInput[]
  options?: GenerateOptions
}

const textOf = (input: GenerateInput) => ('prompt' in input ? input.prompt : input.messages.at(-1)!.content)

/** Answers with the prompt in capitals, word by word; waits after "slow" until it is stopped. */
function fakeGenerate(seen: Seen): typeof Generate {
  return async function* (model, prompts, options) {
    seen.model = model
    seen.options = options
    let index = 0
    for await (const input of prompts) {
      seen.prompts.push(input)
      const prompt = textOf(input)
      for (let sample = 0; sample < (options?.samples ?? 1); sample++) {
        for (const word of prompt.toUpperCase().split(/(?<= )/)) {
          options?.onToken?.(index, sample, word)
          if (word.startsWith('SLOW')) while (!input.signal?.aborted) await sleep(1)
        }
        const completion = prompt.toUpperCase()
        const finish = prompt.includes('long') ? 'length' : 'stop'
        yield { prompt, completion, tokens: [1, 2], logprobs: [-1, -2], entropy: [0, 1], finish }
      }
      index++
    }
  }
}

async function generate(io: ReturnType<typeof fakeIo>, ...argv: string[]) {
  const seen: Seen = { prompts: [] }
  const result = await runCommand(
    (streams) => generateCommand(streams, fakeGenerate(seen)),
    ['generate', '-m', 'm', ...argv],
    io,
  )
  return { ...result, seen }
}

describe('generate', () => {
  it('takes a run, as eval does, and a directory of weights as it is', async () => {
    const run = 'test/fixtures/runs/before/grpo'
    for (const [given, best] of [
      [run, 'the last'],
      [`${run}/checkpoints/step-000002`, 'the one given'],
    ] as const) {
      const { code, err, seen } = await generate(fakeIo(), '--prompt', 'hi', '--json', '-m', given)
      expect(code).toBe(0)
      expect(resolve(seen.model!)).toBe(resolve(run, 'checkpoints/step-000002/model'))
      expect(err).toMatch(new RegExp(`^model: step 2 of ${given}, (${best}|the best by avg_at_k \\(0\\))\n$`))
    }
    const { err, seen } = await generate(fakeIo(), '--prompt', 'hi', '--json', '-m', 'test/fixtures/models/llama')
    expect({ err, model: seen.model }).toEqual({ err: '', model: 'test/fixtures/models/llama' })
  })

  it('measures for --dtype auto, and says on stderr what it came to', async () => {
    const argv = ['--prompt', 'hi', '--json', '--dtype', 'auto', '--threads', '1', '-m', 'test/fixtures/models/llama']
    const { code, err, seen } = await generate(fakeIo(), ...argv)
    expect(code).toBe(0)
    expect(['float32', 'bfloat16']).toContain(seen.options?.dtype)
    expect(err).toMatch(
      /^cpu, b?float(32|16) \(auto: a token takes a layer's products .+ in float32, .+ in bfloat16\), 1 thread\n$/,
    )
  })

  it('measures as many rows as come through a pipe at once, chats too', async () => {
    const argv = ['--chat', '--json', '--dtype', 'auto', '--threads', '1', '-m', 'test/fixtures/models/llama']
    const { code } = await generate(fakeIo('{"prompt":"a"}\n'), ...argv)
    expect(code).toBe(0)
    expect(samplingEngine).toHaveBeenLastCalledWith(expect.anything(), expect.objectContaining({ rows: 32 }))
  })

  it('asks for prompts before it measures', async () => {
    const { code, err } = await generate(fakeTerminal(), '--dtype', 'auto', '-m', 'test/fixtures/models/llama')
    expect(code).toBe(2)
    expect(err).toMatch(/^[^\n]*nothing on standard input/)
  })

  it('prints JSON lines, passing every option on', async () => {
    const argv =
      '--prompt hi --json -n 2 --seed 7 --max-new-tokens 9 --temperature 0.5 --top-p 0.9 --top-k 4 --min-p 0.1'
    const { code, out, seen } = await generate(
      fakeIo(),
      ...argv.split(' '),
      '--stop',
      'x',
      '--stop',
      '\n',
      '--batch-size',
      '3',
    )
    expect(code).toBe(0)
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.length).toBe(2)
    expect(lines[0]).toEqual({
      prompt: 'hi',
      completion: 'HI',
      tokens: [1, 2],
      logprobs: [-1, -2],
      entropy: [0, 1],
      finish: 'stop',
    })
    expect(seen.options).toEqual({
      chat: false,
      samples: 2,
      seed: 7,
      maxNewTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      topK: 4,
      minP: 0.1,
      stop: ['x', '\n'],
      batchSize: 3,
      device: 'cpu',
      dtype: 'float32',
      threads: undefined,
    })
  })

  it('reads prompts as JSON lines and numbers its answers for people', async () => {
    const { out } = await generate(fakeIo('{"prompt":"a"}\n{"prompt":"too long"}\n'), '-n', '2')
    expect(out).toBe(
      'prompt 1, sample 1\nA\nprompt 1, sample 2\nA\n' +
        'prompt 2, sample 1\nTOO LONG [cut at --max-new-tokens]\nprompt 2, sample 2\nTOO LONG [cut at --max-new-tokens]\n',
    )
  })

  it('shows a single completion on a terminal as it is sampled', async () => {
    const io = fakeIo()
    io.stdout.isTTY = true
    const { out } = await generate(io, '--prompt', 'one two')
    expect(out).toBe('ONE TWO\n')
  })

  it('lets no model steer the terminal', async () => {
    const io = fakeIo()
    io.stdout.isTTY = true
    const { out } = await generate(io, '--prompt', '\u001b]0;owned\u0007x')
    expect(out).not.toContain('\u001b]')
  })

  it('names the line that is wrong', async () => {
    const { code, err } = await generate(fakeIo('{"prompt":"a"}\n{"promt":"b"}'), '--json')
    expect(err).toContain('stdin:2: "prompt" is missing')
    expect(code).toBe(2)
    const lone = await generate(fakeIo(), '--prompt', 'a', '--system', 'b')
    expect(lone.err).toContain('--system needs --chat')
    expect(lone.code).toBe(2)
  })
})

describe('generate --chat on a terminal', () => {
  it('keeps the conversation, forgets it, stops an answer, leaves', async () => {
    const io = fakeTerminal()
    const done = generate(io, '--chat', '--system', 'Be kind.')
    const type = async (text: string, expected: string) => {
      io.stdin.write(text)
      await expect.poll(() => io.stdout.text).toContain(expected)
    }
    await expect.poll(() => io.stdout.text).toContain('> ')
    await type('hello\n', 'HELLO')
    await type('slow answer\n', 'SLOW')
    await type('\u0003', '[stopped]')
    await type('/reset\n', 'forgotten')
    await type('\n', '> ')
    await type('again\n', 'AGAIN')
    io.stdin.write('\u0004')
    const { code, seen } = await done
    expect(code).toBe(0)
    expect(seen.options).toMatchObject({ chat: true, samples: 1, batchSize: 1 })
    const system = { role: 'system', content: 'Be kind.' }
    expect(seen.prompts.map((input) => 'messages' in input && input.messages)).toEqual([
      [system, { role: 'user', content: 'hello' }],
      [
        system,
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: 'HELLO' },
        { role: 'user', content: 'slow answer' },
      ],
      [system, { role: 'user', content: 'again' }],
    ])
  })
})
