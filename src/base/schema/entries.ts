import type { z } from 'zod'
import { type KeySchema, recipeJsonSchema } from './json-schema.js'

/** One key of the recipe, as the printed reference, docs/config.md and error messages show it. */
export interface SchemaEntry {
  /** Dotted, e.g. `rollout.maxNewTokens`. */
  path: string
  description: string
  /** What may be written: `number > 0`, `grpo | ppo`, `list of text`, `section`. */
  type: string
  /** As YAML; absent where there is none. */
  default?: string
  required: boolean
  section: boolean
  /** In a section of kinds: those that take this key. Absent where all do. */
  kinds?: string[]
}

function limits(schema: KeySchema): string {
  const parts = [
    schema.exclusiveMinimum !== undefined ? `> ${schema.exclusiveMinimum}` : '',
    schema.minimum !== undefined ? `>= ${schema.minimum}` : '',
    schema.exclusiveMaximum !== undefined ? `< ${schema.exclusiveMaximum}` : '',
    schema.maximum !== undefined ? `<= ${schema.maximum}` : '',
  ]
  return parts
    .filter((part) => part !== '')
    .map((part) => ` ${part}`)
    .join(',')
}

function typeOf(schema: KeySchema): string {
  if (schema.const !== undefined) return String(schema.const)
  if (schema.enum) return schema.enum.join(' | ')
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) {
    const list = choices.find(({ items }) => items !== undefined)
    const others = choices.filter((choice) => choice !== list)
    const types = others.map(typeOf).join(' or ')
    return list && typeOf(list.items!) === types ? `${types}, or a list of them` : choices.map(typeOf).join(' or ')
  }
  if (schema.prefixItems) return `list of ${schema.prefixItems.length}: ${typeOf(schema.prefixItems[0])}`
  switch (schema.type) {
    case 'integer':
      return `whole number${limits(schema)}`
    case 'number':
      return `number${limits(schema)}`
    case 'array':
      return `list of ${typeOf(schema.items ?? {})}`
    case 'object':
      // One of several named things, with its options.
      return schema.properties?.name?.const === undefined ? 'section' : `{${Object.keys(schema.properties).join(', ')}}`
    case 'string':
      return 'text'
    case 'boolean':
      return 'true | false'
    default:
      return 'any'
  }
}

const asYaml = (value: unknown): string =>
  typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-4
    ? value.toExponential()
    : Array.isArray(value)
      ? `[${value.map(asYaml).join(', ')}]`
      : String(value)

/** A section of kinds as one: `kind` with every kind's name, then the keys that only some kinds take. */
function kindEntries(kinds: readonly KeySchema[], prefix: string): SchemaEntry[] {
  const nameOf = ({ properties }: KeySchema) => String(properties?.kind?.const)
  const own = kinds.flatMap((schema) => {
    const { kind: _, ...others } = schema.properties ?? {}
    return collect({ ...schema, properties: others }, prefix).map((entry) => ({ ...entry, kinds: [nameOf(schema)] }))
  })
  const merged = new Map<string, SchemaEntry & { kinds: string[] }>()
  for (const entry of own) {
    const before = merged.get(entry.path)
    if (before) before.kinds.push(...entry.kinds)
    else merged.set(entry.path, entry)
  }
  const kind: SchemaEntry = {
    path: `${prefix}kind`,
    description: kinds[0]?.properties?.kind?.description ?? '',
    type: kinds.map(nameOf).join(' | '),
    // Of the section that is left out.
    default: kinds[0] && nameOf(kinds[0]),
    required: false,
    section: false,
  }
  return [
    kind,
    ...[...merged.values()].map((entry) => ({
      ...entry,
      description: `Of ${entry.kinds.join(' and ')}. ${entry.description}`,
    })),
  ]
}

const areKinds = (schemas: readonly KeySchema[]): boolean =>
  schemas.every(({ properties }) => properties?.kind?.const !== undefined)

function collect(parent: KeySchema, prefix: string): SchemaEntry[] {
  return Object.entries(parent.properties ?? {}).flatMap(([key, schema]) => {
    const path = prefix + key
    const kinds = schema.oneOf && areKinds(schema.oneOf) ? schema.oneOf : undefined
    const section = schema.properties !== undefined || kinds !== undefined
    const entry: SchemaEntry = {
      path,
      description: schema.description ?? '',
      type: kinds ? 'section' : typeOf(schema),
      ...(schema.default === undefined || section ? {} : { default: asYaml(schema.default) }),
      required: parent.required?.includes(key) ?? false,
      section,
    }
    if (kinds) return [entry, ...kindEntries(kinds, `${path}.`)]
    return section ? [entry, ...collect(schema, `${path}.`)] : [entry]
  })
}

/** Every key of the recipe in the schema's order, sections before their keys. */
export function schemaEntries(schema: z.ZodType): SchemaEntry[] {
  return collect(recipeJsonSchema(schema), '')
}
