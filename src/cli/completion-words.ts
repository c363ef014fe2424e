/** The command tree as the words that a shell completes: what the tree gains, the scripts gain. */
import type { Command, Option } from 'commander'
import { schemaEntries } from '../base/schema/entries.js'
import { recipeSchema } from '../recipe/schema.js'
import { sftSchema } from '../recipe/sft-recipe.js'

export interface Word {
  name: string
  about: string
}

export interface OptionWord extends Word {
  /** `-m`, where there is one. */
  short?: string
  /** Values to choose from; files where there are none. */
  choices: readonly string[]
  takesValue: boolean
  /** The values are assignments `key=value` to these keys. */
  assigns: readonly AssignedKey[]
}

/** A recipe's key, and its values where they can be listed. */
export interface AssignedKey {
  key: string
  values: readonly string[]
}

export interface CommandWords extends Word {
  /** The command's words, `data prepare` in two. */
  path: readonly string[]
  options: OptionWord[]
  /** Words that its first argument may be; files where there are none. */
  choices: readonly string[]
}

/** Keys of what `--set` changes; a command's own `--set` of another thing has none here. */
const recipeKeys: Readonly<Record<string, () => AssignedKey[]>> = {
  train: () => keysOf(recipeSchema),
  sft: () => keysOf(sftSchema),
}

const keysOf = (schema: Parameters<typeof schemaEntries>[0]): AssignedKey[] =>
  schemaEntries(schema)
    .filter(({ section }) => !section)
    .map(({ path, type }) => ({ key: path, values: /^[\w.-]+( \| [\w.-]+)+$/.test(type) ? type.split(' | ') : [] }))

/** Every command, those inside others behind them. */
export function commandWords(program: Command): CommandWords[] {
  return program.commands.flatMap((command) => wordsOf(program, command, [command.name()]))
}

function wordsOf(program: Command, command: Command, path: readonly string[]): CommandWords[] {
  const inner = command.commands.filter((one) => one.name() !== 'help')
  return [
    {
      name: command.name(),
      about: command.summary(),
      path,
      choices:
        command.name() === 'help'
          ? program.commands.map((other) => other.name())
          : (command.registeredArguments[0]?.argChoices ?? inner.map((one) => one.name())),
      options: command
        .createHelp()
        .visibleOptions(command)
        .flatMap((option) => optionWord(option, command.name())),
    },
    ...inner.flatMap((one) => wordsOf(program, one, [...path, one.name()])),
  ]
}

function optionWord({ long, short, description, argChoices, required, optional }: Option, command: string) {
  if (!long) return []
  const assigns = long === '--set' ? (recipeKeys[command]?.() ?? []) : []
  const word = { name: long, about: description, choices: argChoices ?? [], takesValue: required || optional, assigns }
  return [short ? { ...word, short } : word]
}
