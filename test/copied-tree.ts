/** A copy of the sources for tests that extend them: add a file and an index line, build, and run what comes out. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
/** What a build, the command line, and `npm run docs` need. */
const copied = [
  'bin',
  'docs',
  'examples',
  'quickstart',
  'recipes',
  'scripts',
  'src',
  'templates',
  'biome.json',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'README.md',
  'CONTRIBUTING.md',
]

export interface CopiedTree {
  root: string
  /** The text of a file, by its path from the root. */
  read(path: string): string
  write(path: string, text: string): void
  /** Replaces the one occurrence of `from`. @throws Error if there is none, or more than one */
  replace(path: string, from: string, to: string): void
  /** Compiles into dist/. @throws Error with what the compiler says */
  build(): void
  /** Runs a script of the tree with Node, or the command line: `run('bin/isentrope.js', ['train', ...])`. */
  run(
    script: string,
    args?: readonly string[],
    options?: { input?: string },
  ): { status: number | null; stdout: string; stderr: string }
  dispose(): void
}

export function copyTree(): CopiedTree {
  const copy = mkdtempSync(join(tmpdir(), 'isentrope-tree-'))
  for (const name of copied) {
    if (!existsSync(join(root, name))) continue
    cpSync(join(root, name), join(copy, name), { recursive: true, filter: (path) => !path.endsWith('.test.ts') })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction')
  const at = (path: string) => join(copy, path)
  const read = (path: string) => readFileSync(at(path), 'utf8')
  const run: CopiedTree['run'] = (script, args = [], { input } = {}) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [at(script), ...args], {
      cwd: copy,
      encoding: 'utf8',
      input,
      maxBuffer: 2 ** 26,
    })
    return { status, stdout, stderr }
  }
  return {
    root: copy,
    read,
    write(path, text) {
      mkdirSync(dirname(at(path)), { recursive: true })
      writeFileSync(at(path), text)
    },
    replace(path, from, to) {
      const parts = read(path).split(from)
      if (parts.length !== 2) throw new Error(`${path} has ${parts.length - 1} times: ${from}`)
      writeFileSync(at(path), parts.join(to))
    },
    build() {
      const { status, stdout, stderr } = run('scripts/build.js')
      if (status !== 0) throw new Error(`the copy does not compile:\n${stdout}${stderr}`)
    },
    run,
    dispose: () => rmSync(copy, { recursive: true, force: true }),
  }
}
