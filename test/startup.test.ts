/** What loads before a command runs, by the coverage that V8 writes: it lists every file that was evaluated. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { commands } from '../src/cli/commands.js'
import { shells } from '../src/cli/completion.js'
import { completionScript } from '../src/cli/completion-program.js'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The built files that a process loads, and the packages. */
function loadedBy(...argv: string[]): { files: string[]; packages: string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'startup-'))
  try {
    const { status, stderr } = spawnSync(process.execPath, argv, {
      cwd: root,
      env: { ...process.env, NODE_V8_COVERAGE: directory },
      encoding: 'utf8',
    })
    expect(status, stderr).toBe(0)
    const urls = readdirSync(directory).flatMap((name): string[] =>
      JSON.parse(readFileSync(join(directory, name), 'utf8')).result.map(({ url }: { url: string }) => url),
    )
    const matches = (pattern: RegExp) => [...new Set(urls.flatMap((url) => pattern.exec(url)?.[1] ?? []))].sort()
    return {
      files: matches(/\/dist\/(?!.*node_modules)(.*)\.js$/),
      packages: matches(/\/node_modules\/((?:@[^/]+\/)?[^/]+)/),
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}
const isentrope = (...argv: string[]) => loadedBy('bin/isentrope.js', ...argv)
const commandFiles = Object.keys(commands).map((name) => `cli/${name}`)
const commandsIn = (files: readonly string[]) => files.filter((file) => commandFiles.includes(file))

it.each([['--version'], ['--help'], ['help']])('%s loads no command', (flag) => {
  const { files, packages } = isentrope(flag)
  expect(commandsIn(files)).toEqual([])
  expect(packages).toEqual(['commander', 'fastest-levenshtein', 'picocolors'])
})

it('a command and its help load no other', () => {
  expect(commandsIn(isentrope('grade', '--help').files)).toEqual(['cli/grade'])
  expect(commandsIn(isentrope('help', 'data', 'list').files)).toEqual(['cli/data'])
})

it.each(shells)('completion for %s is what the build made of all commands, and loads none', async (shell) => {
  expect(commandsIn(isentrope('completion', shell).files)).toEqual(['cli/completion'])
  const printed = execFileSync(process.execPath, ['bin/isentrope.js', 'completion', shell], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(printed).toBe(await completionScript(shell))
})
