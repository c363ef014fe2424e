/** How a command's failure reads and which exit code it has. */
import { CommanderError } from 'commander'
import pc from 'picocolors'
import { Failure, UserError } from '../base/errors.js'
import { cut } from '../base/shown.js'
import { plainText } from '../report/terminal/text.js'

/** Documented in docs and help: scripts rely on them. */
export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const

/** Ends a command with a code and no further words; what there is to say was said. */
export class Exit extends Error {
  readonly code: number

  constructor(code: number) {
    super(`exit ${code}`)
    this.code = code
  }
}

/** Longer lines quote more of a file or a response than anybody reads. */
const longestLine = 1000

/** Messages quote files and responses, which may be long, and may hold escape sequences of the terminal. */
const printable = (message: string): string =>
  plainText(message)
    .split('\n')
    .map((line) => cut(line, longestLine))
    .join('\n')

const wantsStack = (argv: readonly string[]) => argv.includes('--verbose') || Boolean(process.env.ISENTROPE_DEBUG)

function chain(error: Error): string {
  const stack = error.stack ?? String(error)
  return error.cause instanceof Error ? `${stack}\ncaused by: ${chain(error.cause)}` : stack
}

/** What the system refuses whatever is asked of it, and what helps. */
const systemTroubles: Record<string, readonly [words: string, hint: string]> = {
  EMFILE: ['too many files are open', 'raise the limit on open files (ulimit -n)'],
  ENFILE: ['too many files are open on this machine', 'close other programs, or raise the limit (fs.file-max)'],
  ENOMEM: ['the system has no memory left', 'close other programs, or choose a smaller model, batch, or token budget'],
  ENOSPC: ['no space left on the disk', 'free some space, then give the command again'],
  EDQUOT: ['the quota of the disk is used up', 'free some space, then give the command again'],
  EROFS: ['the file system is read-only', 'choose another directory'],
}

/** V8's words. */
const noMemory = /^Array buffer allocation failed|WebAssembly\.\w+\(\): Out of memory/

/** The trouble of the system that is behind an error, if there is one. An error from a thread has the code in its message alone. */
function systemTrouble(error: unknown): readonly [string, string] | undefined {
  if (!(error instanceof Error)) return undefined
  const known = (error as NodeJS.ErrnoException).code ?? /^(E[A-Z]+): /.exec(error.message)?.[1] ?? ''
  const code = noMemory.test(error.message) ? 'ENOMEM' : known
  return Object.hasOwn(systemTroubles, code) ? systemTroubles[code] : systemTrouble(error.cause)
}

/** Writes the error for people and returns the exit code. */
export function reportError(
  error: unknown,
  argv: readonly string[],
  write: (text: string) => void = (text) => void process.stderr.write(text),
): number {
  if (error instanceof Exit) return error.code
  // Commander wrote its message itself, and throws for --help and --version as well.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  const known = error instanceof UserError || error instanceof Failure
  if (known) {
    write(`${pc.red('error:')} ${printable(error.message)}\n`)
    if (error.hint) write(`${pc.cyan('hint:')} ${printable(error.hint)}\n`)
    if (wantsStack(argv)) write(`${pc.dim(chain(error))}\n`)
    return error instanceof UserError ? exitCodes.usage : exitCodes.failed
  }
  const message = error instanceof Error ? error.message : String(error)
  const trouble = systemTrouble(error)
  if (trouble) {
    write(`${pc.red('error:')} ${printable(`${trouble[0]} (${message})`)}\n${pc.cyan('hint:')} ${trouble[1]}\n`)
    if (wantsStack(argv)) write(`${pc.dim(chain(error as Error))}\n`)
    return exitCodes.failed
  }
  write(`${pc.red('error:')} ${printable(message) || 'unknown failure'}\n`)
  if (wantsStack(argv)) write(`${pc.dim(error instanceof Error ? chain(error) : String(error))}\n`)
  else write(`${pc.cyan('hint:')} unexpected; --verbose (or ISENTROPE_DEBUG=1) shows where it happened\n`)
  return exitCodes.failed
}
