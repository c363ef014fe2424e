/** Where in a user's code an error was thrown: the innermost frame that is neither this package's, a dependency's, nor Node's. */
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `src/` or `dist/`, whichever runs. */
const own = fileURLToPath(new URL('../', import.meta.url))

/** `thrown at judge.ts:12:5`; undefined where no such frame is known. */
export function thrownAt(error: unknown): string | undefined {
  const stack = error instanceof Error ? String(error.stack ?? '') : ''
  for (const line of stack.split('\n').slice(0, 50)) {
    const match = /^\s+at .*?((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^():]*):(\d+):(\d+)\)?$/.exec(line)
    if (match === null) continue
    const [, where, row, column] = match
    const path = where!.startsWith('file://') ? fileURLToPath(where!) : where!
    if (path.startsWith(own) || path.includes(`${sep}node_modules${sep}`)) continue
    const near = relative(process.cwd(), path)
    return `thrown at ${near.startsWith('..') ? path : near}:${row}:${column}`
  }
  return undefined
}
