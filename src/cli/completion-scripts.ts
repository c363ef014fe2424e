/** Completion scripts of three shells. */
import type { CommandWords, OptionWord, Word } from './completion-words.js'

/** Safe inside single quotes of all three shells. */
const safe = (text: string) => text.replaceAll(/[^\w .,:;/()<>=*+-]/g, ' ')

const namesOf = ({ name, short }: OptionWord) => (short ? [name, short] : [name])
const topLevel = (words: CommandWords[]) => words.filter(({ path }) => path.length === 1)
const nested = (words: CommandWords[]) => words.filter(({ path }) => path.length > 1)
const assignments = ({ assigns }: OptionWord) => assigns.map(({ key }) => `${key}=`).join(' ')
const idOf = ({ path }: CommandWords) => path.join('_')

export function bash(name: string, words: CommandWords[]): string {
  const values = words.flatMap((command) =>
    command.options
      .filter(({ takesValue }) => takesValue)
      .map((option) => {
        const pattern = namesOf(option)
          .map((each) => `${idOf(command)},${each}`)
          .join('|')
        if (option.assigns.length > 0) return `    ${pattern}) _${name}_keys '${assignments(option)}'; return ;;`
        const { choices } = option
        return `    ${pattern}) ${choices.length > 0 ? `_${name}_words '${choices.join(' ')}'` : `_${name}_files`}; return ;;`
      }),
  )
  const keyValues = words.flatMap((command) =>
    command.options.flatMap((option) =>
      option.assigns
        .filter((assigned) => assigned.values.length > 0)
        .map((assigned) => `    ${idOf(command)},${assigned.key}) _${name}_words '${assigned.values.join(' ')}' ;;`),
    ),
  )
  const lists = words.map((command) => {
    const all = [...command.choices, ...command.options.map((option) => option.name)].join(' ')
    return `    ${idOf(command)}) words='${all}'${command.choices.length > 0 ? ' files=no' : ''} ;;`
  })
  const inner = nested(words).map(({ path }) => path.join(','))
  return `# ${name} completion for bash: eval "$(${name} completion bash)"
_${name}_words() {
  COMPREPLY+=($(compgen -W "$1" -- "$cur"))
}
_${name}_files() {
  local file
  compopt -o filenames 2>/dev/null
  while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$cur")
}
_${name}_keys() {
  compopt -o nospace 2>/dev/null
  _${name}_words "$1"
}
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} words= files=yes key=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    _${name}_words '${topLevel(words)
      .map((command) => command.name)
      .join(' ')} --help --version'
    return
  fi
  if [ "$COMP_CWORD" -gt 2 ]; then
    case "$command,\${COMP_WORDS[2]}" in
      ${inner.length > 0 ? inner.join('|') : '-'}) command=\${command}_\${COMP_WORDS[2]} ;;
    esac
    # The shell takes = for a word of its own.
    if [ "$cur" = = ]; then
      cur= key=$prev
    elif [ "$prev" = = ]; then
      key=\${COMP_WORDS[COMP_CWORD-2]}
    fi
    case "$key" in
      --*) prev=$key ;;
      ?*)
        case "$command,$key" in
${keyValues.map((line) => `      ${line}`).join('\n')}
        esac
        return ;;
    esac
  fi
  case "$command,$prev" in
${values.join('\n')}
  esac
  case "$command" in
${lists.join('\n')}
  esac
  _${name}_words "$words"
  [[ $files == no || $cur == -* ]] || _${name}_files
}
# Old versions of bash (macOS) know no compopt: there all words are quoted as names of files.
type compopt >/dev/null 2>&1 && complete -F _${name} ${name} || complete -o filenames -F _${name} ${name}
`
}

export function zsh(name: string, words: CommandWords[]): string {
  const described = ({ name: word, about }: Word) => `'${word}:${safe(about).replaceAll(':', '\\:')}'`
  const keyHelper = (command: CommandWords) => `_${name}_keys_${idOf(command)}`
  const valueSpec = (command: CommandWords, { takesValue, choices, assigns }: OptionWord) => {
    if (!takesValue) return ''
    if (assigns.length > 0) return `:key=value:${keyHelper(command)}`
    return choices.length > 0 ? `:value:(${choices.join(' ')})` : ':value:_files'
  }
  const helpers = words.flatMap((command) =>
    command.options
      .filter(({ assigns }) => assigns.length > 0)
      .map((option) => {
        const values = option.assigns
          .filter((one) => one.values.length > 0)
          .map((one) => `    ${one.key}=*) compset -P '*='; compadd -- ${one.values.join(' ')} ;;`)
        return `${keyHelper(command)}() {
  case $PREFIX in
${values.join('\n')}
    *=*) ;;
    *) compadd -S '' -- ${assignments(option)} ;;
  esac
}`
      }),
  )
  const branch = (command: CommandWords) => {
    const inside = words.filter(({ path }) => path.length === 2 && path[0] === command.name)
    const options = command.options.flatMap((option) =>
      namesOf(option).map((each) => {
        const equals = option.takesValue && each.startsWith('--') ? '=' : ''
        return `'*${each}${equals}[${safe(option.about)}]${valueSpec(command, option)}'`
      }),
    )
    const rest =
      inside.length > 0
        ? `'1:word:(${command.choices.join(' ')})' '*::rest:_${name}_in_${idOf(command)}'`
        : command.choices.length > 0
          ? `'*:word:(${command.choices.join(' ')})'`
          : `'*:file:_files'`
    return `    ${command.name}) _arguments ${[...options, rest].join(' ')} ;;`
  }
  const inner = topLevel(words)
    .filter((command) => nested(words).some(({ path }) => path[0] === command.name))
    .map(
      (command) => `_${name}_in_${idOf(command)}() {
  case $words[1] in
${nested(words)
  .filter(({ path }) => path[0] === command.name)
  .map(branch)
  .join('\n')}
  esac
}`,
    )
  return `#compdef ${name}
# ${name} completion for zsh: eval "$(${name} completion zsh)"
${[...helpers, ...inner].join('\n')}
_${name}() {
  local -a commands=(${topLevel(words).map(described).join(' ')})
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${topLevel(words).map(branch).join('\n')}
  esac
}
compdef _${name} ${name}
`
}

export function fish(name: string, words: CommandWords[]): string {
  const lines = words.flatMap((command) => {
    const seen = command.path.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')
    const inside = `-n '${seen}'`
    const inner = nested(words).filter(({ path }) => command.path.length === 1 && path[0] === command.name)
    const before =
      inner.length > 0 ? `-n '${seen}; and not __fish_seen_subcommand_from ${command.choices.join(' ')}'` : inside
    return [
      ...(command.path.length === 1
        ? [`complete -c ${name} -f -n __fish_use_subcommand -a ${command.name} -d '${safe(command.about)}'`]
        : []),
      ...command.options.map((option) => {
        const { name: long, short, about, takesValue, choices, assigns } = option
        const listed = [
          ...choices,
          ...assigns.flatMap(({ key, values }) => [`${key}=`, ...values.map((value) => `${key}=${value}`)]),
        ]
        const value = takesValue ? (listed.length > 0 ? ` -x -a '${listed.join(' ')}'` : ' -r') : ''
        const letter = short ? ` -s ${short.slice(1)}` : ''
        return `complete -c ${name} ${inside}${letter} -l ${long.slice(2)}${value} -d '${safe(about)}'`
      }),
      ...(command.choices.length > 0 ? [`complete -c ${name} -f ${before} -a '${command.choices.join(' ')}'`] : []),
    ]
  })
  return `# ${name} completion for fish: ${name} completion fish | source\n${lines.join('\n')}\n`
}
