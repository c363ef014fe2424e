import type { z } from 'zod'
import { recipeSchema } from './recipe.js'

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
}

type Schema = z.core.$ZodType & { description?: string }

/** A schema without its defaults and optionality, which are told by the wrappers passed on the way. */
function unwrap(schema: Schema): { inner: Schema; fallback?: unknown; hasDefault: boolean; optional: boolean } {
  const found = { inner: schema, fallback: undefined as unknown, hasDefault: false, optional: false }
  for (;;) {
    const { def } = (found.inner as z.core.$ZodTypes)._zod
    if (def.type === 'default' || def.type === 'prefault') {
      if (def.type === 'default') {
        found.fallback = def.defaultValue
        found.hasDefault = true
      }
      found.optional = true
      found.inner = def.innerType
    } else if (def.type === 'optional') {
      found.optional = true
      found.inner = def.innerType
    } else if (def.type === 'pipe') {
      found.inner = def.in
    } else {
      return found
    }
  }
}

function numberType(schema: z.core.$ZodNumber): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, format } = schema._zod.bag as Record<
    string,
    number | string | undefined
  >
  const word = format === 'safeint' ? 'whole number' : 'number'
  const low = exclusiveMinimum !== undefined ? `> ${exclusiveMinimum}` : `>= ${minimum}`
  const high = exclusiveMaximum !== undefined ? `< ${exclusiveMaximum}` : `<= ${maximum}`
  const isOpen = (limit: unknown) => limit === undefined || Math.abs(Number(limit)) >= Number.MAX_SAFE_INTEGER
  return [
    word,
    ...(isOpen(exclusiveMinimum ?? minimum) ? [] : [low]),
    ...(isOpen(exclusiveMaximum ?? maximum) ? [] : [high]),
  ].join(' ')
}

function typeOf(schema: Schema): string {
  const known = unwrap(schema).inner as z.core.$ZodTypes
  const { def } = known._zod
  switch (def.type) {
    case 'number':
      return numberType(known as z.core.$ZodNumber)
    case 'enum':
      return Object.values(def.entries).join(' | ')
    case 'union':
      return `${typeOf(def.options[0])} or .inf`
    case 'array':
      return `list of ${typeOf(def.element)}`
    case 'tuple':
      return `list of ${def.items.length}: ${typeOf(def.items[0])}`
    case 'object':
      return 'section'
    case 'string':
      return 'text'
    case 'boolean':
      return 'true | false'
    default:
      return def.type
  }
}

function asYaml(value: unknown): string {
  if (value === Infinity) return '.inf'
  if (Array.isArray(value)) return `[${value.map(asYaml).join(', ')}]`
  return String(value)
}

function collect(schema: Schema, prefix: string): SchemaEntry[] {
  const shape = (unwrap(schema).inner as z.ZodObject).shape
  return Object.entries(shape).flatMap(([key, child]) => {
    const { inner, fallback, hasDefault, optional } = unwrap(child)
    const path = prefix + key
    const section = (inner as z.core.$ZodTypes)._zod.def.type === 'object'
    const entry: SchemaEntry = {
      path,
      description: child.description ?? '',
      type: typeOf(child),
      ...(hasDefault ? { default: asYaml(fallback) } : {}),
      required: !optional,
      section,
    }
    return section ? [entry, ...collect(child, `${path}.`)] : [entry]
  })
}

/** Every key of the recipe in the schema's order, sections before their keys. */
export function schemaEntries(): SchemaEntry[] {
  return collect(recipeSchema, '')
}
