/** Resident memory of this process in bytes, and its highest value since `base` was last called. Linux only. */
import { readFileSync, writeFileSync } from 'node:fs'

function status(name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))
  if (!found) throw new Error(`/proc/self/status has no ${name}`)
  return Number(found[1]) * 1024
}

/** Starts a new high-water mark; returns what is resident now. */
export function base(): number {
  writeFileSync('/proc/self/clear_refs', '5')
  return status('VmRSS')
}

export const peak = (): number => status('VmHWM')
