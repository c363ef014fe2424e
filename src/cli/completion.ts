/** Shell completion of commands, options, their values, files and a recipe's keys. */
import { existsSync, readFileSync } from 'node:fs'
import { Argument, type Command } from 'commander'
import { newCommand } from './command.js'
import { type Io, print, processIo } from './io.js'

export const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

const help = `
Prints a script for your shell. Install it with one of these commands:
  bash   echo 'eval "$(isentrope completion bash)"' >> ~/.bashrc
  zsh    echo 'eval "$(isentrope completion zsh)"' >> ~/.zshrc        (after compinit)
  fish   isentrope completion fish > ~/.config/fish/completions/isentrope.fish

It completes commands, options and their values, files, and recipe keys after --set of train and sft.
`

/** As the build wrote it: many shells ask at every start. Without a build, from the tree of all commands. */
async function scriptOf(shell: Shell): Promise<string> {
  const built = new URL(`./completions/${shell}`, import.meta.url)
  if (existsSync(built)) return readFileSync(built, 'utf8')
  const { completionScript } = await import('./completion-program.js')
  return completionScript(shell)
}

export function completionCommand(io: Io = processIo): Command {
  return newCommand('completion', help)
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .action(async (shell: Shell) => print(io.stdout, await scriptOf(shell)))
}
