/** The first line of every recipe names the schema that an editor checks it by. Reads dist/: build first. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

const recipes = ['recipes', 'quickstart', 'templates'].flatMap((directory) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => join(directory, file)),
)
/** Of a project that `init` writes: the package is among its dependencies. */
const installed = './node_modules/isentrope/'

/** `.inf` is a number in YAML and a text in the schema. */
const asJson = (text: string): unknown =>
  JSON.parse(JSON.stringify(parse(text), (_, v) => (v === Infinity ? '.inf' : v)))

const schemaOf = (path: string) => z.fromJSONSchema(JSON.parse(readFileSync(path, 'utf8')))

describe('the schema of a recipe', () => {
  it.each(recipes)('is named by %s, which keeps to it', (file) => {
    const text = readFileSync(file, 'utf8')
    const named = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1]
    expect(named).toBeDefined()
    const path = named!.startsWith(installed) ? named!.slice(installed.length) : normalize(join(dirname(file), named!))
    expect(path).toBe(`dist/${basename(file).startsWith('sft-') ? 'sft-recipe' : 'recipe'}.schema.json`)
    expect(schemaOf(path).safeParse(asJson(text)).error).toBeUndefined()
  })

  it('refuses an unknown key and a wrong value, and asks for no key that an extended recipe may have', () => {
    const schema = schemaOf('dist/recipe.schema.json')
    expect(schema.safeParse({ extends: 'a.yaml', task: { rewards: [{ name: 'task' }] } }).success).toBe(true)
    expect(schema.safeParse({ extends: 'a.yaml', trian: {} }).success).toBe(false)
    expect(schema.safeParse({ extends: 'a.yaml', train: { step: 3 } }).success).toBe(false)
    expect(schema.safeParse({ extends: 'a.yaml', train: { steps: 'three' } }).success).toBe(false)
  })
})
