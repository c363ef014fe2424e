import { z } from 'zod'

/** The part of JSON Schema (draft 2020-12) that a recipe's keys need. */
export interface KeySchema {
  type?: string
  description?: string
  default?: unknown
  enum?: unknown[]
  const?: unknown
  anyOf?: KeySchema[]
  oneOf?: KeySchema[]
  properties?: Record<string, KeySchema>
  required?: string[]
  items?: KeySchema
  prefixItems?: KeySchema[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
}

/** JSON has no infinity: it is written as YAML's `.inf`. Limits that only mean "fits a double" are left out. */
function inJson(zodSchema: z.core.$ZodTypes, jsonSchema: KeySchema): void {
  const { def } = zodSchema._zod
  if (def.type === 'literal' && def.values.includes(Infinity)) {
    delete jsonSchema.enum
    jsonSchema.const = '.inf'
  }
  if ((def.type === 'default' || def.type === 'prefault') && def.defaultValue === Infinity) jsonSchema.default = '.inf'
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
}

/** The recipe's JSON Schema as a user writes it: for editors (`yaml-language-server`) and other tools. */
export function recipeJsonSchema(schema: z.ZodType): KeySchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => inJson(zodSchema, jsonSchema as KeySchema),
  }) as KeySchema
}

/**
 * The schema that editors check a recipe by, shipped as dist/recipe.schema.json. No key is required: a recipe may leave any of
 * them to the recipe that it extends, which an editor does not read.
 */
export function editorSchema(schema: z.ZodType): KeySchema {
  return withoutRequired(recipeJsonSchema(schema))
}

function withoutRequired({ required: _, ...schema }: KeySchema): KeySchema {
  if (!schema.properties) return schema
  const properties = Object.entries(schema.properties).map(([key, value]) => [key, withoutRequired(value)])
  return { ...schema, properties: Object.fromEntries(properties) }
}
