import { surviveClosedOutput } from './closed-output.js'
import { exitCodes, reportError } from './errors.js'
import { openProgram } from './program.js'

const argv = process.argv.slice(2)

surviveClosedOutput()
// A command that can stop at a safe point listens as well, and then it is its business.
const interrupt = () => {
  if (process.listenerCount('SIGINT') === 1) process.exit(exitCodes.interrupted)
}
process.on('SIGINT', interrupt)

for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => process.exit(reportError(error, argv)))
}

async function main(): Promise<number> {
  const program = await openProgram(argv)
  if (argv.length === 0) {
    program.outputHelp({ error: true })
    return exitCodes.usage
  }
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCodes.done
  } catch (error) {
    return reportError(error, argv)
  }
}

/** What was written is out before the process ends; a worker that is still alive does not hold it. */
const flushed = (stream: NodeJS.WriteStream) => new Promise<void>((resolve) => stream.write('', () => resolve()))

const code = await main()
await Promise.all([flushed(process.stdout), flushed(process.stderr)])
process.exit(code)
