/**
 * Which process wrote a file, told apart from a later one with the same id: ids come again after a restart, above all in
 * a container, where the one program is always process 1 of the same host name.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import os from 'node:os'

export interface ProcessIdentity {
  pid: number
  host: string
  /** This start of the machine's kernel; absent off Linux. */
  boot?: string
  /** Within it, the set of processes that see each other's ids; absent off Linux. */
  namespace?: string
  /** When the process began, in the kernel's ticks since its start; absent off Linux. */
  started?: number
}

function quiet<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** State and start of a process from Linux's /proc/PID/stat, whose second field may itself hold spaces and parentheses. */
function readStat(pid: number): { state: string; started: number } | undefined {
  const text = quiet(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields && { state: fields[0]!, started: Number(fields[19]) }
}

let own: ProcessIdentity | undefined

export function thisProcess(): ProcessIdentity {
  own ??= {
    pid: process.pid,
    host: os.hostname(),
    boot: quiet(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    namespace: quiet(() => readlinkSync('/proc/self/ns/pid')),
    started: readStat(process.pid)?.started,
  }
  return own
}

/** Whether a process of this machine runs; one of another user's does, one that only waits to be reaped does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const state = readStat(pid)?.state
  return state !== 'Z' && state !== 'X'
}

/**
 * Whether that very process still runs: 'alive' or 'gone' where this process can know it, 'restarted' where it ran under
 * this host's name but before a restart (of the machine, or of a container with the process id that is now this one's),
 * 'unseen' where it runs out of this one's sight: on another host, or in another container.
 */
export function fateOf(other: ProcessIdentity): 'alive' | 'gone' | 'restarted' | 'unseen' {
  const me = thisProcess()
  if (other.host !== me.host) return 'unseen'
  if (other.boot !== undefined && me.boot !== undefined) {
    if (other.boot !== me.boot) return 'restarted'
    if (other.namespace !== me.namespace) return other.pid === me.pid ? 'restarted' : 'unseen'
  }
  if (!isAlive(other.pid)) return 'gone'
  if (other.started !== undefined && readStat(other.pid) !== undefined) {
    return readStat(other.pid)?.started === other.started ? 'alive' : 'gone'
  }
  return 'alive'
}
