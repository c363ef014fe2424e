/**
 * The runs below the directories that `watch` was given. A directory is a run itself, or holds runs at most two levels
 * down; one that is missing is awaited. Nothing outside the given directories is ever named: a link that leads out of
 * them is passed over.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { basename, join, relative, resolve, sep } from 'node:path'
import { runPaths } from '../../run/store/run-directory.js'

export interface RunSource {
  /** Stable for a directory; what URLs name. */
  id: string
  directory: string
  /** Its path from the directory that was given. */
  name: string
}

/** Levels below a given directory at which runs are looked for: `runs/quickstart-seed-0/clip-v`. */
const depth = 2
/** Directories looked at in one of them. */
const mostEntries = 2000

export function findRuns(roots: readonly string[]): RunSource[] {
  const found = new Map<string, RunSource>()
  for (const root of roots) {
    const given = resolve(root)
    if (!existsSync(given)) continue
    const inside = realpathSync(given)
    walk(inside, inside, depth, (directory) => {
      const path = relative(inside, directory)
      const id = createHash('sha256').update(directory).digest('hex').slice(0, 12)
      const below = path.split(sep).join('/')
      const name = path === '' ? basename(given) : roots.length > 1 ? `${basename(given)}/${below}` : below
      found.set(id, { id, directory, name })
    })
  }
  return [...found.values()]
}

function walk(directory: string, inside: string, levels: number, take: (directory: string) => void): void {
  if (isRun(directory)) {
    take(directory)
    return
  }
  if (levels === 0) return
  for (const entry of entriesOf(directory)) {
    const path = join(directory, entry)
    try {
      const real = realpathSync(path)
      if (real !== path && !real.startsWith(inside + sep)) continue
      walk(real, inside, levels - 1, take)
    } catch {
      // Gone meanwhile, or a link to nowhere.
    }
  }
}

const isRun = (directory: string): boolean => {
  const { config, metrics, checkpoints } = runPaths(directory)
  return existsSync(config) && (existsSync(metrics) || existsSync(checkpoints) || existsSync(join(directory, '.lock')))
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
      .slice(0, mostEntries)
      .map(({ name }) => name)
  } catch {
    return []
  }
}
