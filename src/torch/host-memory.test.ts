import { describe, expect, it } from 'vitest'
import { freeHostMemory, freeOnLinux, freeOnMac } from './host-memory.js'

const MiB = 2 ** 20
const meminfo = 'MemTotal:       8192000 kB\nMemFree:         100000 kB\nMemAvailable:    4096000 kB\n'
const system = (files: Record<string, string>) => (path: string) => files[path]
const base = { '/proc/meminfo': meminfo, '/proc/self/cgroup': '0::/app/run\n' }

describe('freeOnLinux', () => {
  it('is what the system can give where nothing limits the process', () => {
    expect(freeOnLinux(system(base))).toBe(4096000 * 1024)
    expect(freeOnLinux(system({}))).toBeUndefined()
  })

  it('is what the narrowest control group allows, its cached files counted as free', () => {
    const files = {
      ...base,
      '/sys/fs/cgroup/app/memory.max': `${2000 * MiB}\n`,
      '/sys/fs/cgroup/app/memory.current': `${1500 * MiB}\n`,
      '/sys/fs/cgroup/app/memory.stat': `anon ${300 * MiB}\nactive_file ${700 * MiB}\ninactive_file ${400 * MiB}\n`,
      '/sys/fs/cgroup/app/run/memory.max': 'max\n',
      '/sys/fs/cgroup/app/run/memory.current': `${1400 * MiB}\n`,
    }
    // 2000 - 1500 + 700 + 400.
    expect(freeOnLinux(system(files))).toBe(1600 * MiB)
    const high = { ...files, '/sys/fs/cgroup/app/run/memory.high': `${1900 * MiB}\n` }
    // 1900 - 1400, without files to give up.
    expect(freeOnLinux(system(high))).toBe(500 * MiB)
  })

  it('sees the limit of a container that takes its own group for the root', () => {
    const files = {
      ...base,
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': `${1000 * MiB}\n`,
      '/sys/fs/cgroup/memory.current': `${250 * MiB}\n`,
    }
    expect(freeOnLinux(system(files))).toBe(750 * MiB)
  })

  it('knows the first version of control groups, and their number for no limit', () => {
    const files = {
      ...base,
      '/proc/self/cgroup': '9:name=systemd:/\n4:cpu,memory:/docker/abc\n0::/\n',
      '/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': `${1000 * MiB}\n`,
      '/sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes': `${900 * MiB}\n`,
      '/sys/fs/cgroup/memory/docker/abc/memory.stat': `total_active_file ${100 * MiB}\ntotal_inactive_file ${50 * MiB}\n`,
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': `${5000 * MiB}\n`,
    }
    expect(freeOnLinux(system(files))).toBe(250 * MiB)
  })

  it('knows a limit on the address space', () => {
    const files = {
      ...base,
      '/proc/self/limits': `Max address space         ${3000 * MiB}           ${3000 * MiB}           bytes\n`,
      '/proc/self/status': `Name:\tnode\nVmSize:\t ${1000 * 1024} kB\n`,
    }
    expect(freeOnLinux(system(files))).toBe(2000 * MiB)
    const unlimited = { ...files, '/proc/self/limits': 'Max address space         unlimited     unlimited  bytes\n' }
    expect(freeOnLinux(system(unlimited))).toBe(4096000 * 1024)
  })

  it('knows a limit on data', () => {
    const files = {
      ...base,
      '/proc/self/limits': `Max data size             ${3000 * MiB}           unlimited            bytes\n`,
      '/proc/self/status': `VmSize:\t 9000000 kB\nVmData:\t  ${500 * 1024} kB\n`,
    }
    expect(freeOnLinux(system(files))).toBe(2500 * MiB)
  })

  it('is never below 0', () => {
    const full = { ...base, '/sys/fs/cgroup/app/memory.max': '1000\n', '/sys/fs/cgroup/app/memory.current': '5000\n' }
    expect(freeOnLinux(system(full))).toBe(0)
  })
})

describe('freeOnMac', () => {
  it('counts the pages that the system gives up when asked', () => {
    const text =
      'Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free:                               1000.\n' +
      'Pages active:                           500000.\nPages inactive:                         300000.\n' +
      'Pages speculative:                        2000.\nPages throttled:                             0.\n' +
      'Pages wired down:                       100000.\nPages purgeable:                          3000.\n'
    expect(freeOnMac(text)).toBe((1000 + 300000 + 2000 + 3000) * 16384)
    expect(freeOnMac(undefined)).toBeUndefined()
  })
})

it('tells of this machine', () => {
  expect(freeHostMemory()).toBeGreaterThan(0)
})
