/** Shell completion of commands, options, their values, files and a recipe's keys. */
import { Argument, type Command } from 'commander'
import { newCommand } from './command.js'
import { bash, fish, zsh } from './completion-scripts.js'
import { commandWords } from './completion-words.js'
import { type Io, print, processIo } from './io.js'
import { wholeProgram } from './program.js'

const scripts = { bash, zsh, fish }

const help = `
Prints a script for your shell. Install it with one of these commands:
  bash   echo 'eval "$(isentrope completion bash)"' >> ~/.bashrc
  zsh    echo 'eval "$(isentrope completion zsh)"' >> ~/.zshrc        (after compinit)
  fish   isentrope completion fish > ~/.config/fish/completions/isentrope.fish

It completes commands, options and their values, files, and recipe keys after --set of train and sft.
`

export function completionCommand(io: Io = processIo): Command {
  return newCommand('completion', help)
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(scripts)))
    .action(async (shell: keyof typeof scripts) => {
      const program = await wholeProgram(io)
      await print(io.stdout, scripts[shell](program.name(), commandWords(program)))
    })
}
