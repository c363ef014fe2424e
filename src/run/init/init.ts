/** `isentrope init`: a small project that trains at once, from one of the package's templates. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, relative, resolve, sep } from 'node:path'
import { UserError } from '../../base/errors.js'
import { makeDirectory } from '../../base/make-directory.js'
import { packageRoot, version } from '../../base/package.js'

/** The templates by name, and what each is for. The files are those of templates/NAME in the package. */
export const templates = {
  reward: 'Countdown on the bundled policy, with a reward of your own',
  task: 'a task of your own on the bundled policy',
  smollm2: 'sums on SmolLM2-135M, with a reward of your own',
} as const
export type TemplateName = keyof typeof templates

/**
 * What a project's package.json names to get this very package: the version where it was installed from a registry, else
 * the place that it was installed from, or lies at.
 */
export function ownDependency(directory: string, root = packageRoot): string {
  const at = resolve(root)
  const modules = resolve(at, '..')
  const file = (path: string) => `file:${(relative(resolve(directory), path) || '.').split(sep).join('/')}`
  if (basename(modules) !== 'node_modules') return file(at)
  let resolved: unknown
  try {
    const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'))
    resolved = lock.packages[`node_modules/${basename(at)}`]?.resolved
  } catch {
    // Another package manager keeps no such file: the package itself is there in any case.
  }
  if (typeof resolved !== 'string') return file(at)
  if (/^https?:/.test(resolved)) return `^${version}`
  return resolved.startsWith('file:') ? file(resolve(modules, '..', resolved.slice('file:'.length))) : file(at)
}

/** A package name by npm's rules, of a directory's. */
const packageName = (directory: string): string =>
  basename(resolve(directory))
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[._-]+|[._-]+$/g, '') || 'policy'

/** The project's files by name, in the order in which they are written. */
function contents(directory: string, template: TemplateName): Map<string, string> {
  const own = join(packageRoot, 'templates', template)
  const manifest = {
    name: packageName(directory),
    private: true,
    type: 'module',
    scripts: { train: 'isentrope train recipe.yaml', plan: 'isentrope train recipe.yaml --dry-run' },
    dependencies: { isentrope: ownDependency(directory) },
  }
  return new Map([
    ['package.json', `${JSON.stringify(manifest, undefined, 2)}\n`],
    ['.gitignore', 'node_modules\nruns\n'],
    ...readdirSync(own)
      .sort()
      .map((name) => [name, readFileSync(join(own, name), 'utf8')] as const),
  ])
}

/**
 * Writes the project into `directory`, which may exist, and returns the paths of its files.
 * @throws UserError where one of the files is there already; nothing is written then.
 */
export function initProject(directory: string, template: TemplateName): string[] {
  const files = contents(directory, template)
  const there = [...files.keys()].filter((name) => existsSync(join(directory, name)))
  if (there.length > 0) {
    throw new UserError(`${directory} already has ${there.join(', ')}`, { hint: 'name a new directory' })
  }
  try {
    makeDirectory(directory)
    return [...files].map(([name, text]) => {
      const path = join(directory, name)
      writeFileSync(path, text, { flag: 'wx' })
      return path
    })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === undefined) throw cause
    throw new UserError(`${directory}: the project cannot be written: ${message}`, {
      hint: 'name a directory that you may write to',
      cause,
    })
  }
}
