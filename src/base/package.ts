/** This package's own files, wherever it is installed. */
import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const packageRoot = fileURLToPath(new URL('../../', import.meta.url))

/** This package's version, as its package.json has it. */
export const version: string = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')).version

/** Directories of recipes and policies that come with the package. */
const shipped = /^(?:\.\/)?(?:quickstart|recipes)[/\\]/

/**
 * `path` as it is, unless there is nothing at it and the package has a recipe or policy of that name: so
 * `recipes/arithmetic-smollm2-grpo.yaml` and `quickstart/policy` work from any directory.
 */
export function orShipped(path: string): string {
  if (isAbsolute(path) || !shipped.test(path) || path.split(/[/\\]/).includes('..') || existsSync(path)) return path
  const own = join(packageRoot, path)
  return existsSync(own) ? own : path
}
