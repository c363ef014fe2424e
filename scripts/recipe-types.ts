/**
 * Writes src/recipe/input.ts: what a user writes in a recipe, as TypeScript types whose doc comments are the schema's
 * descriptions, so that an editor shows them on hover. `npm run docs` runs it.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type KeySchema, recipeJsonSchema } from '../src/base/schema/json-schema.js'
import { recipeSchema } from '../src/recipe/schema.js'
import { sftSchema } from '../src/recipe/sft-recipe.js'
import { builtInTasks } from '../src/task/registry.js'
import { commonTaskSchema } from '../src/task/spec.js'

export const target = fileURLToPath(new URL('../src/recipe/input.ts', import.meta.url))

/** A doc comment of at most 120 columns: the description, then the default. */
function comment({ description, default: value }: KeySchema): string {
  const words = (description ?? '').replaceAll('*/', '* /').split(' ')
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < 112) lines[lines.length - 1] = `${last} ${word}`
    else if (word !== '') lines.push(word)
  }
  if (value !== undefined && typeof value !== 'object') lines.push(`@default ${String(value)}`)
  if (lines.length === 0) return ''
  return lines.length === 1 ? `/** ${lines[0]} */\n` : `/**\n${lines.map((line) => ` * ${line}\n`).join('')} */\n`
}

function typeOf(schema: KeySchema): string {
  // Open bounds: the number Infinity, and its spellings in YAML and on a command line.
  if (schema.const === '.inf') return "'inf' | '.inf'"
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return choices.map(typeOf).join(' | ')
  if (schema.prefixItems) return `[${schema.prefixItems.map(typeOf).join(', ')}]`
  switch (schema.type) {
    case 'integer':
    case 'number':
      return 'number'
    case 'string':
      return 'string'
    case 'boolean':
      return 'boolean'
    case 'array':
      return `Array<${typeOf(schema.items ?? {})}>`
    case 'object':
      return schema.properties ? `{\n${keysOf(schema)}}` : 'Record<string, unknown>'
    default:
      return 'unknown'
  }
}

function keysOf({ properties = {}, required = [] }: KeySchema, types: Record<string, string> = {}): string {
  return Object.entries(properties)
    .map(([key, schema]) => {
      // A key with a default may be left out, whatever the schema requires of the result.
      const optional = required.includes(key) && schema.default === undefined ? '' : '?'
      return `${comment(schema)}${key}${optional}: ${types[key] ?? typeOf(schema)}\n`
    })
    .join('')
}

const pascal = (name: string) => name.replaceAll(/(^|-)([a-z0-9])/g, (_, __, letter: string) => letter.toUpperCase())

function taskTypes(): string {
  const common = keysOf(recipeJsonSchema(commonTaskSchema))
  const names = Object.keys(builtInTasks)
  const types = names.map((name) => {
    const schema = recipeJsonSchema(builtInTasks[name]!.schema)
    const own = keysOf(schema)
    return `${comment(schema)}export type ${pascal(name)}TaskInput = CommonTaskKeys & {\nname: '${name}'\n${own}}\n`
  })
  return `/** Keys of every task. */
export type CommonTaskKeys = {
${common}}

${types.join('\n')}
/** A module, a data file, a data set of the hub, or a directory of problems; with the keys that it takes. */
export interface OtherTaskInput {
  /** A path, or a hub data set (owner/name). */
  name: string
  [key: string]: unknown
}

/** The \`task\` section: a built-in task with its keys, or another one. */
export type TaskInput = ${names.map((name) => `${pascal(name)}TaskInput`).join(' | ')} | OtherTaskInput
`
}

/** The whole file, formatted. */
export function recipeTypes(): string {
  const recipe = recipeJsonSchema(recipeSchema)
  const evaluation = recipe.properties!.eval!
  const evalType = `{\n${keysOf(evaluation, { task: 'TaskInput' })}}`
  const sft = recipeJsonSchema(sftSchema)
  const sftData = `{\n${keysOf(sft.properties!.data!, { task: 'TaskInput' })}}`
  const text = `// Made from the schema by \`npm run docs\`; do not edit.

${taskTypes()}
/** A recipe as a user writes it: docs/config.md as types. */
export interface RecipeInput {
${keysOf(recipe, { task: 'TaskInput', eval: evalType })}}

/** A supervised recipe as a user writes it: docs/sft-config.md as types. */
export interface SftRecipeInput {
${keysOf(sft, { data: sftData })}}
`
  const biome = fileURLToPath(new URL('../node_modules/@biomejs/biome/bin/biome', import.meta.url))
  return execFileSync(process.execPath, [biome, 'format', '--stdin-file-path', target], {
    input: text,
    encoding: 'utf8',
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, recipeTypes())
