#!/usr/bin/env node
// Loaded only after this check: an older Node fails on the syntax of what follows.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`error: isentrope needs Node 20.19 or later, and this is Node ${process.versions.node}`)
  process.exit(2)
}
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
