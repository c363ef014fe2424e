/** The recipe's reference, from its schema, for the terminal and for docs/config.md. */
import pc from 'picocolors'
import type { z } from 'zod'
import { UserError } from '../base/errors.js'
import { type SchemaEntry, schemaEntries } from '../base/schema/entries.js'
import { wrap } from '../report/terminal/text.js'

function selected(entries: SchemaEntry[], key: string | undefined): SchemaEntry[] {
  if (key === undefined) return entries
  const found = entries.filter((entry) => entry.path === key || entry.path.startsWith(`${key}.`))
  if (found.length > 0) return found
  const sections = entries.filter((entry) => !entry.path.includes('.')).map((entry) => entry.path)
  throw new UserError(`no key ${key}`, { hint: `the sections and keys at the top are ${sections.join(', ')}` })
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
    'Made from the schema by `npm run docs`; the same text is in `isentrope config`. A recipe is one YAML file, checked',
    'before anything else happens: an unknown key is an error that names the nearest one. `--set key=value` changes a',
    'key from the command line, the value in YAML. `.inf` is written where a bound is open; `key:` without a value counts',
    'as not given.',
  ],
}

export const sftPage = {
  title: 'Recipe reference of the supervised warm start',
  intro: [
    'Made from the schema by `npm run docs`; the same text is in `isentrope config --sft`. What [sft.md](sft.md) explains,',
    'key by key; recipes are read as [config.md](config.md) says.',
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
