/**
 * What a user's compiler sees: the published declarations in a bare project, with every library checked, and the
 * TypeScript of README, docs/, and the examples. Reads dist/: build first.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = mkdtempSync(join(tmpdir(), 'declarations-'))
afterAll(() => rmSync(root, { recursive: true }))

interface Lock {
  packages: Record<string, { dev?: boolean; link?: boolean }>
}

/** node_modules as `npm install isentrope` lays it: the package as it is published, and what it depends on. */
beforeAll(() => {
  const modules = join(root, 'node_modules')
  const own = join(modules, 'isentrope')
  mkdirSync(own, { recursive: true })
  cpSync('package.json', join(own, 'package.json'))
  cpSync('dist', join(own, 'dist'), { recursive: true })
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock
  for (const [path, { dev }] of Object.entries(packages)) {
    // Nested ones come with the directory that they are nested in.
    if (dev || !/^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path)) continue
    const to = join(root, path)
    mkdirSync(dirname(to), { recursive: true })
    symlinkSync(resolve(path), to)
  }
  writeFileSync(
    join(root, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        skipLibCheck: false,
        noEmit: true,
        target: 'es2023',
        module: 'nodenext',
        types: [],
        preserveSymlinks: true,
      },
    }),
  )
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
})

/** The compiler's errors over these files of the project; empty where there are none. */
function compile(files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text)
  const config = join(root, 'tsconfig.json')
  const { compilerOptions } = JSON.parse(readFileSync(config, 'utf8'))
  writeFileSync(config, JSON.stringify({ compilerOptions, files: Object.keys(files) }))
  try {
    execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', root], { encoding: 'utf8' })
    return ''
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}

const snippets = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))]
  .filter((path) => path.endsWith('.md'))
  .flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code], i) => ({
      name: `${path.replaceAll(/\W/g, '_')}_${i}.ts`,
      code: code!,
    })),
  )

describe('declarations', () => {
  it('compile in a bare project with every library checked', () => {
    const main = `import { train, generate, score } from 'isentrope'
import { clipV, predictStep } from 'isentrope/entropy'
import * as torch from 'isentrope/torch'
export const used: unknown[] = [train, generate, score, clipV, predictStep, torch]
`
    expect(compile({ 'main.ts': main })).toBe('')
  })

  it('hold for the snippets of README and docs, and for the examples', () => {
    expect(snippets.length).toBeGreaterThan(4)
    const examples = readdirSync('examples').map((name) => [
      `example_${name}`,
      readFileSync(join('examples', name), 'utf8'),
    ])
    const files = {
      ...Object.fromEntries(snippets.map(({ name, code }) => [name, code])),
      ...Object.fromEntries(examples),
    }
    expect(compile(files)).toBe('')
  })

  it('refuse a misspelled key and a wrong value', () => {
    const wrong = `import { type RecipeInput, train } from 'isentrope'
export const one: RecipeInput = { model: 'a', task: { name: 'arithmetic' }, trian: {} }
void train({ model: 'a', task: { name: 'arithmetic' }, train: { steps: '3' } })
`
    const said = compile({ 'wrong.ts': wrong })
    expect(said).toContain("'trian' does not exist")
    expect(said).toContain("'string' is not assignable to type 'number'")
  })
})
