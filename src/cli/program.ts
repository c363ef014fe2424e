/** The command tree. A command is one file; it loads what it works with when it is called. */
import { Command } from 'commander'
import { closest, distance } from 'fastest-levenshtein'
import pc from 'picocolors'
import { UserError } from '../base/errors.js'
import { version } from '../base/package.js'
import { analyzeCommand } from './analyze.js'
import { atlasCommand } from './atlas.js'
import { compareCommand } from './compare.js'
import { completionCommand } from './completion.js'
import { configCommand } from './config.js'
import { dataCommand } from './data.js'
import { doctorCommand } from './doctor.js'
import { evalCommand } from './eval.js'
import { filterCommand } from './filter.js'
import { generateCommand } from './generate.js'
import { gradeCommand } from './grade.js'
import { initCommand } from './init.js'
import { type Io, processIo } from './io.js'
import { mergeCommand } from './merge.js'
import { quickstartCommand } from './quickstart.js'
import { reportCommand } from './report.js'
import { reproduceCommand } from './reproduce.js'
import { rolloutsCommand } from './rollouts.js'
import { scoreCommand } from './score.js'
import { sftCommand } from './sft.js'
import { trainCommand } from './train.js'
import { watchCommand } from './watch.js'

const help = `
Start here:
  $ isentrope doctor                                        is everything there?
  $ isentrope quickstart                                    the paper in miniature, in a few minutes
  $ isentrope train recipes/arithmetic-smollm2-grpo.yaml    train a small model on this machine
  $ isentrope help train                                    what a command takes, gives and leaves behind
  $ isentrope config                                        every key of a recipe

Exit codes: 0 done, 1 the work failed, 2 wrong usage, config or input, 130 interrupted.
With --json, stdout holds JSON alone and text for people goes to stderr. NO_COLOR takes colours away.
`

/** Commander's own falls back to the whole help for a name it does not know. */
function helpCommand(program: Command): Command {
  return new Command('help')
    .summary('explain a command')
    .argument('[command...]', 'its words: train, or data prepare')
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

const allCommands = (io: Io) => [
  trainCommand(io),
  sftCommand(io),
  quickstartCommand(io),
  initCommand(io),
  generateCommand(io),
  scoreCommand(io),
  gradeCommand(io),
  dataCommand(io),
  filterCommand(io),
  mergeCommand(io),
  evalCommand(io),
  compareCommand(io),
  watchCommand(io),
  reportCommand(io),
  rolloutsCommand(io),
  analyzeCommand(io),
  atlasCommand(io),
  reproduceCommand(io),
  doctorCommand(io),
  configCommand(io),
  completionCommand(io),
]

export function buildProgram(io: Io = processIo, commands: Command[] = allCommands(io)): Command {
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
