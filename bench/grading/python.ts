/** A virtual environment with a pinned peer in it, made on first use and kept beside the other caches of this package. */
import { execFileSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import envPaths from 'env-paths'

/**
 * The interpreter of an environment that has `requirement` (name==version) and what it needs `besides` installed; pip's
 * own settings apply.
 */
export function pythonWith(requirement: string, base: string, besides: readonly string[] = []): string {
  const directory = join(envPaths('isentrope', { suffix: '' }).cache, 'bench', requirement.replace('==', '-'))
  const python = join(directory, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const ready = join(directory, 'pyvenv.cfg')
  if (existsSync(ready)) return python
  process.stderr.write(`installing ${requirement} in ${directory}\n`)
  try {
    execFileSync(base, ['-m', 'venv', directory], { stdio: ['ignore', 2, 2] })
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement, ...besides], {
      stdio: ['ignore', 2, 2],
    })
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
  return python
}
