/**
 * Memory of the host that the process may still take, within every limit that it is under. Memory that holds nothing but
 * cached files counts as free: the system gives it up when it is asked.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableMemory } from 'node:process'

/** How text of the system is read; undefined where there is no such file. */
export type ReadText = (path: string) => string | undefined

const readSystemFile: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Bytes. */
export function freeHostMemory(): number {
  if (process.platform === 'linux') return freeOnLinux(readSystemFile) ?? availableMemory()
  if (process.platform === 'darwin') return freeOnMac(vmStat()) ?? availableMemory()
  return availableMemory()
}

function inKiB(text: string | undefined, field: string): number | undefined {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text ?? '')
  return found ? Number(found[1]) * 1024 : undefined
}

/** What is left of a limit of the process (`ulimit`); undefined without one. */
function leftOf(read: ReadText, limit: string, taken: string): number | undefined {
  const most = new RegExp(`^Max ${limit}\\s+(\\d+)`, 'm').exec(read('/proc/self/limits') ?? '')?.[1]
  const used = inKiB(read('/proc/self/status'), taken)
  return most === undefined || used === undefined ? undefined : Number(most) - used
}

/** Bytes of addresses that the process may still reserve (`ulimit -v`), whether they are used or not; undefined without a limit. */
export const freeAddresses = (read: ReadText = readSystemFile): number | undefined =>
  leftOf(read, 'address space', 'VmSize')

/**
 * The least of: what the system can give (MemAvailable), what every control group that the process is in still allows
 * (both versions), and what is left of a limit on the address space (`ulimit -v`) or on data (`ulimit -d`).
 */
export function freeOnLinux(read: ReadText): number | undefined {
  const system = inKiB(read('/proc/meminfo'), 'MemAvailable')
  const limits = [freeAddresses(read), leftOf(read, 'data size', 'VmData')]
  const known = [system, ...limits, ...controlGroups(read)].filter((bytes) => bytes !== undefined)
  return known.length === 0 ? undefined : Math.max(0, Math.min(...known))
}

/** What each control group above the process still allows, where it has a limit. */
function controlGroups(read: ReadText): number[] {
  const lines = (read('/proc/self/cgroup') ?? '').trim().split('\n')
  return lines.flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (controllers === '') return groupsAbove(path).flatMap((group) => freeInGroup(read, `/sys/fs/cgroup${group}`))
    if (!controllers?.split(',').includes('memory')) return []
    return groupsAbove(path).flatMap((group) => freeInOldGroup(read, `/sys/fs/cgroup/memory${group}`))
  })
}

/** `/a/b` lies in `/a/b`, `/a` and the root; a container may see its own group as the root alone. */
function groupsAbove(path: string): string[] {
  const words = path.split('/').filter((word) => word !== '')
  return [...words.map((_, index) => `/${words.slice(0, index + 1).join('/')}`), '']
}

const fieldOf = (stat: string | undefined, name: string): number =>
  Number(new RegExp(`^${name} (\\d+)`, 'm').exec(stat ?? '')?.[1] ?? 0)

/** Version 2; memory.high throttles a process to a standstill, so it counts as a limit. */
function freeInGroup(read: ReadText, directory: string): number[] {
  const used = Number(read(`${directory}/memory.current`) ?? Number.NaN)
  const limits = ['memory.max', 'memory.high'].flatMap((name) => {
    const text = read(`${directory}/${name}`)?.trim()
    return text === undefined || text === 'max' ? [] : [Number(text)]
  })
  if (limits.length === 0 || !Number.isFinite(used)) return []
  const stat = read(`${directory}/memory.stat`)
  return [Math.min(...limits) - used + fieldOf(stat, 'active_file') + fieldOf(stat, 'inactive_file')]
}

/** Version 1; without a limit the number is about 2^63. */
function freeInOldGroup(read: ReadText, directory: string): number[] {
  const limit = Number(read(`${directory}/memory.limit_in_bytes`) ?? Number.NaN)
  const used = Number(read(`${directory}/memory.usage_in_bytes`) ?? Number.NaN)
  if (!(limit < 2 ** 60) || !Number.isFinite(used)) return []
  const stat = read(`${directory}/memory.stat`)
  return [limit - used + fieldOf(stat, 'total_active_file') + fieldOf(stat, 'total_inactive_file')]
}

function vmStat(): string | undefined {
  try {
    return execFileSync('vm_stat', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5000 })
  } catch {
    return undefined
  }
}

/** What `vm_stat` calls free, inactive, speculative or purgeable; Node counts the first alone, a small part of it. */
export function freeOnMac(text: string | undefined): number | undefined {
  const pageBytes = /page size of (\d+) bytes/.exec(text ?? '')?.[1]
  if (pageBytes === undefined) return undefined
  const pages = ['free', 'inactive', 'speculative', 'purgeable'].map((name) =>
    Number(new RegExp(`^Pages ${name}:\\s+(\\d+)`, 'm').exec(text!)?.[1] ?? 0),
  )
  return pages.reduce((a, b) => a + b, 0) * Number(pageBytes)
}
