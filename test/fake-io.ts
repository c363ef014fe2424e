/** For tests of commands: streams that collect what is written. */
import { PassThrough, Readable, Writable } from 'node:stream'
import type { Command } from 'commander'
import { reportError } from '../src/cli/errors.js'
import type { Io } from '../src/cli/io.js'
import { buildProgram } from '../src/cli/program.js'

class Collector extends Writable {
  text = ''
  columns = 80
  isTTY = false

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

export interface FakeIo extends Io {
  stdout: Collector
  stderr: Collector
}

export function fakeIo(input: string | Readable = ''): FakeIo {
  const stdin = typeof input === 'string' ? Readable.from(input === '' ? [] : [input]) : input
  return { stdin, stdout: new Collector(), stderr: new Collector() }
}

/** A terminal at which a test types. */
export function fakeTerminal(): FakeIo & { stdin: PassThrough & { isTTY: boolean } } {
  const stdin = Object.assign(new PassThrough(), { isTTY: true })
  const io = fakeIo(stdin)
  io.stdout.isTTY = true
  return { ...io, stdin }
}

/** Runs one command as the command line does: its exit code, and both streams. */
export async function runCommand(
  make: (io: Io) => Command,
  argv: string[],
  io: FakeIo = fakeIo(),
): Promise<{ code: number; out: string; err: string }> {
  const program = buildProgram(io, [make(io)])
  let code = 0
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    code = reportError(error, argv, (text) => void io.stderr.write(text))
  }
  return { code, out: io.stdout.text, err: io.stderr.text }
}
