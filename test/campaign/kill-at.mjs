// Loaded into a run: ends it with SIGKILL before its n-th change of a file below KILL_DIRECTORY, after half of a write.
// KILL_THREAD: main or worker, whose changes count. KILL_REPORT: a file to which every change is appended.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { isMainThread } from 'node:worker_threads'

const { KILL_DIRECTORY: directory, KILL_AT, KILL_THREAD, KILL_REPORT: report } = process.env
const thread = isMainThread ? 'main' : 'worker'
const fatal = KILL_THREAD === thread ? Number(KILL_AT) : 0
const real = { ...fs }
let count = 0

function pathOf(target) {
  if (typeof target !== 'number') return String(target)
  try {
    return real.readlinkSync(`/proc/self/fd/${target}`)
  } catch {
    return ''
  }
}

function die() {
  process.kill(process.pid, 'SIGKILL')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

/** Whether this change is the last; `half` does what is left of it. */
function change(name, target, half = () => {}) {
  const path = pathOf(target)
  if (!path.startsWith(directory)) return
  count++
  if (report) real.appendFileSync(report, `${thread} ${count} ${name} ${path}\n`)
  if (count !== fatal) return
  half()
  die()
}

const creates = (flags) => flags !== undefined && flags !== 'r'

function openSync(path, flags, ...rest) {
  if (creates(flags)) change('open', path)
  return real.openSync(path, flags, ...rest)
}
function writeFileSync(target, data, ...rest) {
  change('writeFile', target, () => {
    const bytes = Buffer.from(data)
    real.writeFileSync(target, bytes.subarray(0, bytes.length / 2), ...rest)
  })
  return real.writeFileSync(target, data, ...rest)
}
function writeSync(file, data, offset = 0, length = data.length - offset, ...rest) {
  change('write', file, () => real.writeSync(file, data, offset, Math.floor(length / 2), ...rest))
  return real.writeSync(file, data, offset, length, ...rest)
}
const simple = Object.fromEntries(
  // What is named last is what changes.
  ['fsyncSync', 'mkdirSync', 'rmSync', 'rmdirSync', 'unlinkSync'].map((name) => [
    name,
    (target, ...rest) => {
      change(name, target)
      return real[name](target, ...rest)
    },
  ]),
)
const moving = Object.fromEntries(
  ['renameSync', 'linkSync'].map((name) => [
    name,
    (from, to) => {
      change(name, to)
      return real[name](from, to)
    },
  ]),
)

if (isMainThread || KILL_THREAD === 'worker' || report) {
  Object.assign(fs, { openSync, writeFileSync, writeSync, ...simple, ...moving })
  syncBuiltinESMExports()
}
