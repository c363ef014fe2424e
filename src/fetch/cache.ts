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
