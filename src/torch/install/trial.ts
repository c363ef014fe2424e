/**
 * Whether an installation loads on this machine, found out in a process of its own: a library that fails half-way stays in
 * its process (the next libtorch_cpu would bind to the wrong libc10), and one that crashes takes its process along.
 * Costs about half a second; a success is remembered in the cache until a library changes.
 */
import { execFile } from 'node:child_process'
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { makeDirectory } from '../../base/make-directory.js'
import { cacheDirectory } from '../../fetch/cache.js'
import type { TorchInstall } from './libraries.js'

// CUDA's library may fail: the processor's operators work without it.
const LOAD = `
const koffi = require(process.argv[1])
let cpu
for (const { path, role } of JSON.parse(process.argv[2])) {
  try {
    const library = koffi.load(path, { global: true, lazy: true })
    if (role === 'torch_cpu') cpu = library
  } catch (error) {
    if (role === 'torch_cuda') continue
    process.stderr.write(require('node:path').basename(path) + ': ' + error.message)
    process.exit(1)
  }
}
cpu.func('int torch_call_dispatcher(uintptr_t, uintptr_t, uintptr_t, uint64_t)')
process.exit(0)`

/** Why the installation does not load; undefined where it does. */
export function loadProblem(install: Pick<TorchInstall, 'libraries'>): Promise<string | undefined> {
  const koffi = createRequire(import.meta.url).resolve('koffi')
  const args = ['-e', LOAD, koffi, JSON.stringify(install.libraries)]
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 120_000, windowsHide: true }, (error, _stdout, stderr) => {
      if (!error) return resolve(undefined)
      const said = stderr.trim().split('\n').at(-1)
      resolve(error.signal ? `the process that loaded it was ended by ${error.signal}` : said || error.message)
    })
  })
}

/** {@link loadProblem}, without the wait where the same libraries have loaded before. */
export async function knownLoadProblem(install: Pick<TorchInstall, 'libDir' | 'libraries'>) {
  const stamp = stampOf(install.libraries.map((library) => library.path))
  if (readKnown()[install.libDir] === stamp) return undefined
  const problem = await loadProblem(install)
  if (problem === undefined) remember(install.libDir, stamp)
  return problem
}

const knownFile = () => path.join(cacheDirectory(), 'torch', 'loads.json')

function stampOf(files: string[]): string {
  const of = (file: string) => {
    const { size, mtimeMs } = statSync(file)
    return `${path.basename(file)}:${size}:${Math.round(mtimeMs)}`
  }
  return files.map(of).join(' ')
}

function readKnown(): Record<string, string> {
  try {
    return JSON.parse(readFileSync(knownFile(), 'utf8')) as Record<string, string>
  } catch {
    return {}
  }
}

function remember(libDir: string, stamp: string): void {
  const file = knownFile()
  const aside = `${file}.${process.pid}`
  try {
    makeDirectory(path.dirname(file))
    writeFileSync(aside, JSON.stringify({ ...readKnown(), [libDir]: stamp }))
    renameSync(aside, file)
  } catch {
    // A cache that cannot be written costs half a second again next time; whoever needs it written says so.
  }
}
