/** The command tree. A command is one file, which loads when it is called. */
import { Command } from 'commander'
import { closest, distance } from 'fastest-levenshtein'
import pc from 'picocolors'
import { UserError } from '../base/errors.js'
import { version } from '../base/package.js'
import { type CommandEntry, commands } from './commands.js'
import { type Io, processIo } from './io.js'

const help = `
Start here:
  $ isentrope doctor                               check the installation
  $ isentrope quickstart                           see entropy collapse in minutes
  $ isentrope train recipes/countdown-grpo.yaml    train a small model
  $ isentrope help train                           explain a command
  $ isentrope config                               explain the keys of a recipe

Exit codes: 0 success, 1 failure, 2 wrong usage or input, 130 interrupted.
With --json, stdout has only JSON, and other text goes to stderr.
Set NO_COLOR to turn colors off.
`

/** Commander's own falls back to the whole help for a name it does not know. */
function helpCommand(program: Command): Command {
  return new Command('help')
    .summary('explain a command')
    .argument('[command...]', 'for example train, or data prepare')
    .action((words: string[]) => {
      let command = program
      for (const [i, name] of words.entries()) {
        const found = command.commands.find((one) => one.name() === name)
        if (!found) throw unknownCommand(words.slice(0, i + 1), command)
        command = found
      }
      command.outputHelp()
    })
}

function unknownCommand(words: readonly string[], { commands }: Command): UserError {
  const names = commands.map((one) => one.name())
  if (names.length === 0) {
    return new UserError(`'${words.slice(0, -1).join(' ')}' has no commands of its own`, {
      hint: `isentrope help ${words.slice(0, -1).join(' ')}`,
    })
  }
  const near = closest(words.at(-1)!, names)
  return new UserError(`unknown command '${words.join(' ')}'`, {
    hint: distance(words.at(-1)!, near) <= 2 ? `did you mean ${near}?` : `the commands are ${names.join(', ')}`,
  })
}

const withSubcommands = (command: Command): Command[] => [command, ...command.commands.flatMap(withSubcommands)]
const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()

/** The tree for a command line: only the command that it calls is loaded, the others are names with their summaries. */
export async function openProgram(argv: readonly string[], io: Io = processIo): Promise<Command> {
  const [first, second] = argv.filter((word) => !word.startsWith('-'))
  const called = first === 'help' ? second : first
  return buildProgram(io, await makeCommands(io, (name) => name === called))
}

/** The tree with every command loaded. */
export const wholeProgram = async (io: Io = processIo): Promise<Command> =>
  buildProgram(io, await makeCommands(io, () => true))

async function makeCommands(io: Io, loads: (name: string) => boolean): Promise<Command[]> {
  const made: Command[] = []
  for (const [name, { load, summary }] of Object.entries<CommandEntry>(commands)) {
    // One after the other: loaded at once from the sources, jiti gives some of them half.
    made.push(loads(name) ? (await load())(io) : new Command(name).summary(summary))
  }
  return made
}

export function buildProgram(io: Io, commands: readonly Command[]): Command {
  const program = new Command('isentrope')
    .description("Reinforcement fine-tuning of language models, with the policy's entropy measured and controlled.")
    .version(version, '-V, --version', 'print the version')
    .helpCommand(false)
    .addHelpText('after', help)
  for (const command of commands) {
    program.addCommand(command)
  }
  program.addCommand(helpCommand(program))
  for (const command of withSubcommands(program)) {
    command
      .exitOverride()
      .configureHelp({ styleTitle: (text) => pc.bold(text), showGlobalOptions: false })
      .configureOutput({
        writeOut: (text) => void io.stdout.write(text),
        writeErr: (text) => void io.stderr.write(text),
        outputError: (text, write) => {
          write(text.replace(/^error:/, pc.red('error:')))
          const where = command === program ? 'isentrope --help' : `${pathOf(command)} --help`
          if (text.startsWith('error:')) write(`${pc.cyan('hint:')} ${where}\n`)
        },
      })
  }
  return program
}
