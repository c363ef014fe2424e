#!/usr/bin/env node
// Loading opens a hundred modules at once, before any code of the command line runs that could explain a failure.
try {
  await import('../dist/cli/main.js')
} catch (error) {
  if (error?.code !== 'EMFILE' && error?.code !== 'ENFILE') throw error
  process.stderr.write(
    `error: too many files are open (${error.message})\nhint: raise the limit on open files (ulimit -n)\n`,
  )
  process.exitCode = 1
}
