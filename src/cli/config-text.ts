/** The recipe's reference, from its schema, for the terminal and for docs/config.md. */
import pc from 'picocolors'
import type { z } from 'zod'
import { UserError } from '../base/errors.js'
import { near, plain } from '../base/nearest-name.js'
import { type SchemaEntry, schemaEntries } from '../base/schema/entries.js'
import { cut } from '../base/shown.js'
import { aliases } from '../recipe/aliases.js'
import { wrap } from '../report/terminal/text.js'
import { builtInTasks } from '../task/registry.js'
import { commonTaskSchema } from '../task/spec.js'

/** Keys below `task:` that the recipe's schema leaves to the tasks: those of every task, and those of each built-in one. */
function taskEntries(): SchemaEntry[] {
  const below = (schema: z.ZodType, of: string) =>
    schemaEntries(schema).map((entry) => ({
      ...entry,
      path: `task.${entry.path}`,
      description: of === '' ? entry.description : `(${of}) ${entry.description}`,
    }))
  return [
    ...below(commonTaskSchema, ''),
    ...Object.entries(builtInTasks).flatMap(([name, { schema }]) => below(schema, name)),
  ]
}

function selected(entries: SchemaEntry[], key: string | undefined): SchemaEntry[] {
  if (key === undefined) return entries
  const under = (entry: SchemaEntry) => entry.path === key || entry.path.startsWith(`${key}.`)
  const found = entries.filter(under)
  if (found.length > 0) return key === 'task' ? [...found, ...commonKeys(found)] : found
  const ofTasks = entries.some(({ path }) => path === 'task') ? taskEntries().filter(under) : []
  if (ofTasks.length > 0) return ofTasks
  const meant = meantBy(key, entries)
  const sections = entries.filter((entry) => !entry.path.includes('.')).map((entry) => entry.path)
  throw new UserError(`no key ${cut(key)}`, {
    hint:
      meant === undefined ? `the sections and keys at the top are ${sections.join(', ')}` : `did you mean ${meant}?`,
  })
}

/** The keys of every task that are not listed yet. */
const commonKeys = (listed: readonly SchemaEntry[]) =>
  taskEntries().filter(
    ({ path }) => path.slice('task.'.length) in commonTaskSchema.shape && !listed.some((entry) => entry.path === path),
  )

/** The key whose name, in any section, is near or begins like the given one, or is what another tool calls so. */
function meantBy(key: string, entries: readonly SchemaEntry[]): string | undefined {
  const leaf = (path: string) => path.slice(path.lastIndexOf('.') + 1)
  const alias = aliases[plain(leaf(key))]
  if (alias !== undefined) return alias
  const paths = entries.map(({ path }) => path)
  const whole = near(key, paths) ?? paths.find((path) => path.startsWith(key))
  if (whole !== undefined) return whole
  const name = near(leaf(key), paths.map(leaf))
  return paths.find((path) => leaf(path) === name)
}

const need = (entry: SchemaEntry) =>
  entry.default !== undefined ? `default ${entry.default}` : entry.required ? 'required' : 'optional'

export function configText(key: string | undefined, columns: number, schema: z.ZodType): string {
  const width = Math.min(Math.max(columns, 40), 100)
  const blocks = selected(schemaEntries(schema), key).map((entry) => {
    const meaning = wrap(entry.description, width - 4).map((line) => `    ${line}`)
    const head = entry.section
      ? pc.bold(`${entry.path}:`)
      : `${pc.bold(entry.path)}  ${pc.dim(`${entry.type}, ${need(entry)}`)}`
    return [head, ...meaning].join('\n')
  })
  return `${blocks.join('\n')}\n`
}

const cell = (text: string) => text.replaceAll('|', '\\|')

function table(entries: SchemaEntry[]): string[] {
  return [
    '| Key | Type | Default | Meaning |',
    '|---|---|---|---|',
    ...entries.map(
      (entry) =>
        `| \`${entry.path}\` | ${cell(entry.type)} | ${
          entry.default === undefined ? (entry.required ? 'required' : '') : `\`${cell(entry.default)}\``
        } | ${cell(entry.description)} |`,
    ),
  ]
}

export const trainPage = {
  title: 'Recipe reference',
  intro: [
    'A recipe is one YAML file. It is checked before anything else happens, and an unknown key is an error that ' +
      'names the',
    'nearest known one. `--set key=value` changes a key from the command line, with the value in YAML. Write ' +
      '`.inf` for an',
    'open bound. `key:` without a value counts as not set.',
    '',
    'This page is written from the schema by `npm run docs`. `isentrope config` prints the same texts.',
  ],
}

export const sftPage = {
  title: 'Recipe reference for the supervised warm start',
  intro: [
    '[sft.md](sft.md) explains supervised training, and [config.md](config.md) explains how recipes are read.',
    '',
    'This page is written from the schema by `npm run docs`. `isentrope config --sft` prints the same texts.',
  ],
}

/** docs/config.md, and docs/sft-config.md of the other schema. */
export function configMarkdown(schema: z.ZodType, page: typeof trainPage): string {
  const entries = schemaEntries(schema)
  const isTop = (entry: SchemaEntry) => !entry.path.includes('.')
  const keysOf = (section: string) => entries.filter((entry) => entry.path.startsWith(`${section}.`) && !entry.section)
  const lines = [
    `# ${page.title}`,
    '',
    ...page.intro,
    '',
    '## Top level',
    '',
    ...table(entries.filter((entry) => isTop(entry) && !entry.section)),
  ]
  for (const section of entries.filter((entry) => isTop(entry) && entry.section)) {
    lines.push('', `## ${section.path}`, '', `${section.description}`, '', ...table(keysOf(section.path)))
  }
  return `${lines.join('\n')}\n`
}
