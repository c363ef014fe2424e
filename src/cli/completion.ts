/** Shell completion of commands, options, their values, files and a recipe's keys. */
import { Argument, type Command } from 'commander'
import { newCommand } from './command.js'
import { type Io, print, processIo } from './io.js'

const shells = ['bash', 'zsh', 'fish'] as const

const help = `
Prints a script that the shell reads at its start:
  bash   echo 'eval "$(isentrope completion bash)"' >> ~/.bashrc
  zsh    echo 'eval "$(isentrope completion zsh)"' >> ~/.zshrc        (after compinit)
  fish   isentrope completion fish > ~/.config/fish/completions/isentrope.fish
It completes commands, options and their values, files, and behind --set of train and sft a recipe's keys.
`

export function completionCommand(io: Io = processIo): Command {
  const command = newCommand('completion', 'print a completion script for a shell', help)
  return command
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .action(async (shell: (typeof shells)[number]) => {
      const [scripts, { commandWords }] = await Promise.all([
        import('./completion-scripts.js'),
        import('./completion-words.js'),
      ])
      const program = command.parent ?? command
      await print(io.stdout, scripts[shell](program.name(), commandWords(program)))
    })
}
