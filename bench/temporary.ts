/** A directory that is gone when the process has ended, by an interrupt too. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'isentrope-bench-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  // Without a listener a signal ends the process, and no `exit` is heard.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => process.exit(code))
  }
  return directory
}
