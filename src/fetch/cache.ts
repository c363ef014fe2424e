import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import envPaths from 'env-paths'

/**
 * The user's cache directory: `ISENTROPE_CACHE`, else what the platform calls one
 * (`$XDG_CACHE_HOME/isentrope` or `~/.cache/isentrope`, `~/Library/Caches/isentrope`, `%LOCALAPPDATA%\isentrope\Cache`).
 */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.ISENTROPE_CACHE) return path.resolve(env.ISENTROPE_CACHE)
  return envPaths('isentrope', { suffix: '' }).cache
}

/** Bytes of the files in a directory and below; 0 where it does not exist. */
export async function bytesIn(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(path.join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
