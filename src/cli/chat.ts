/**
 * A conversation on the terminal. The prompts that `generate` consumes are what the user types, each with the whole
 * conversation before it; with one row at a time, an answer is complete before the next line is read.
 */
import { createInterface, type Interface } from 'node:readline'
import pc from 'picocolors'
import type { ChatMessage } from '../model/types.js'
import { plainText } from '../report/terminal/text.js'
import type { generate as Generate, GenerateInput, GenerateOptions } from '../rollout/generate.js'
import type { Io } from './io.js'

/** The next line the user types; undefined at the end of input (Ctrl-D) or on Ctrl-C at an empty prompt. */
function ask(terminal: Interface & { closed?: boolean }): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (terminal.closed) return resolve(undefined)
    const settle = (line?: string) => {
      terminal.off('close', settle)
      terminal.off('SIGINT', settle)
      resolve(line)
    }
    terminal.once('close', settle)
    terminal.once('SIGINT', settle)
    terminal.question(pc.green('> '), settle)
  })
}

export async function runChat(
  io: Io,
  generate: typeof Generate,
  model: string,
  options: GenerateOptions,
): Promise<void> {
  const terminal = createInterface({ input: io.stdin, output: io.stdout, terminal: true })
  const system: ChatMessage[] = options.system === undefined ? [] : [{ role: 'system', content: options.system }]
  let messages = [...system]
  let answer = ''
  let answering: AbortController | undefined
  const stop = () => answering?.abort()
  terminal.on('SIGINT', stop).on('close', stop)
  io.stdout.write(pc.dim('/reset forgets the conversation, Ctrl-C stops an answer, Ctrl-D leaves\n'))

  async function* conversation(): AsyncGenerator<GenerateInput> {
    for (;;) {
      const line = await ask(terminal)
      if (line === undefined) return
      if (line.trim() === '') continue
      if (line.trim() === '/reset') {
        messages = [...system]
        io.stdout.write(pc.dim('forgotten\n'))
        continue
      }
      messages.push({ role: 'user', content: line })
      answer = ''
      answering = new AbortController()
      yield { messages: [...messages], signal: answering.signal }
    }
  }

  const { system: _inMessages, ...sampling } = options
  const lines = generate(model, conversation(), {
    ...sampling,
    samples: 1,
    batchSize: 1,
    onToken: (_prompt, _sample, text) => {
      if (answering?.signal.aborted) return
      answer += text
      io.stdout.write(plainText(text))
    },
  })
  try {
    for await (const line of lines) {
      const stopped = answering?.signal.aborted
      const note = stopped ? ' [stopped]' : line.finish === 'length' ? ' [cut at --max-new-tokens]' : ''
      io.stdout.write(`${pc.dim(note)}\n`)
      messages.push({ role: 'assistant', content: stopped ? answer : line.completion })
      answering = undefined
    }
  } finally {
    terminal.close()
  }
}
