/** Shell completion, written from the command tree: what the tree gains, the scripts gain. */
import { Argument, type Command } from 'commander'
import { newCommand } from './command.js'
import { type Io, print, processIo } from './io.js'

interface Word {
  name: string
  about: string
}

interface CommandWords extends Word {
  options: (Word & { choices: readonly string[]; takesValue: boolean })[]
  /** Words that its first argument may be; files where there are none. */
  choices: readonly string[]
}

/** The tree as words, each with a line about it. */
export function commandWords(program: Command): CommandWords[] {
  return program.commands.map((command) => ({
    name: command.name(),
    about: command.summary(),
    choices:
      command.name() === 'help'
        ? program.commands.map((other) => other.name())
        : (command.registeredArguments[0]?.argChoices ?? command.commands.map((inner) => inner.name())),
    options: [
      ...command.options,
      command
        .createHelp()
        .visibleOptions(command)
        .find((o) => o.long === '--help'),
    ]
      .filter((option) => option !== undefined)
      .flatMap(({ long, description, argChoices, required, optional }) =>
        long ? [{ name: long, about: description, choices: argChoices ?? [], takesValue: required || optional }] : [],
      ),
  }))
}

/** Safe inside single quotes of all three shells. */
const safe = (text: string) => text.replaceAll(/[^\w .,:;/()<>=*+-]/g, ' ')

function bash(name: string, words: CommandWords[]): string {
  const cases = words.flatMap((command) => [
    ...command.options
      .filter((option) => option.takesValue)
      .map(({ name: option, choices }) =>
        choices.length > 0
          ? `    ${command.name},${option}) COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$cur")); return ;;`
          : `    ${command.name},${option}) COMPREPLY=($(compgen -f -- "$cur")); return ;;`,
      ),
  ])
  const lists = words.map(
    (command) =>
      `    ${command.name}) words='${[...command.choices, ...command.options.map((option) => option.name)].join(' ')}'${command.choices.length > 0 ? ' files=no' : ''} ;;`,
  )
  return `# ${name} completion for bash: eval "$(${name} completion bash)"
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} words= files=yes
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${words.map((command) => command.name).join(' ')} --help --version' -- "$cur"))
    return
  fi
  case "$command,$prev" in
${cases.join('\n')}
  esac
  case "$command" in
${lists.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [[ $files == no || $cur == -* ]] || COMPREPLY+=($(compgen -f -- "$cur"))
}
complete -o filenames -F _${name} ${name}
`
}

function zsh(name: string, words: CommandWords[]): string {
  const described = ({ name: word, about }: Word) => `'${word}:${safe(about)}'`
  const commandCases = words.map((command) => {
    const options = command.options.map(({ name: option, about, takesValue, choices }) => {
      const value = takesValue ? (choices.length > 0 ? `:value:(${choices.join(' ')})` : ':value:_files') : ''
      return `'*${option}[${safe(about)}]${value}'`
    })
    const rest = command.choices.length > 0 ? `'*:word:(${command.choices.join(' ')})'` : `'*:file:_files'`
    return `    ${command.name}) _arguments ${[...options, rest].join(' ')} ;;`
  })
  return `#compdef ${name}
# ${name} completion for zsh: eval "$(${name} completion zsh)"
_${name}() {
  local -a commands=(${words.map(described).join(' ')})
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commandCases.join('\n')}
  esac
}
compdef _${name} ${name}
`
}

function fish(name: string, words: CommandWords[]): string {
  const lines = words.flatMap((command) => {
    const inside = `-n '__fish_seen_subcommand_from ${command.name}'`
    return [
      `complete -c ${name} -f -n __fish_use_subcommand -a ${command.name} -d '${safe(command.about)}'`,
      ...command.options.map(({ name: option, about, takesValue, choices }) => {
        const value = takesValue ? (choices.length > 0 ? ` -x -a '${choices.join(' ')}'` : ' -r') : ''
        return `complete -c ${name} ${inside} -l ${option.slice(2)}${value} -d '${safe(about)}'`
      }),
      ...(command.choices.length > 0 ? [`complete -c ${name} -f ${inside} -a '${command.choices.join(' ')}'`] : []),
    ]
  })
  return `# ${name} completion for fish: ${name} completion fish | source\n${lines.join('\n')}\n`
}

const shells = { bash, zsh, fish }

const help = `
Prints a script that the shell reads at its start:
  bash   echo 'eval "$(isentrope completion bash)"' >> ~/.bashrc
  zsh    echo 'eval "$(isentrope completion zsh)"' >> ~/.zshrc        (after compinit)
  fish   isentrope completion fish > ~/.config/fish/completions/isentrope.fish
`

export function completionCommand(io: Io = processIo): Command {
  const command = newCommand('completion', 'print a completion script for a shell', help)
  return command
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(shells)))
    .action(async (shell: keyof typeof shells) => {
      const program = command.parent ?? command
      await print(io.stdout, shells[shell](program.name(), commandWords(program)))
    })
}
