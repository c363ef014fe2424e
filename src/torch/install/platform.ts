/** Which pinned build this machine can run, and why not where it cannot. */
import os from 'node:os'
import { UserError } from '../../base/errors.js'
import type { PinnedWheel } from '../../fetch/install.js'
import { TORCH_VERSION, TORCH_WHEELS, type TorchPlatform } from './table.js'

export interface Machine {
  platform: NodeJS.Platform
  arch: string
  /** The kernel's release, as os.release() has it. */
  release: string
  /** glibc's version on Linux; undefined where the C library is another one. */
  glibc?: string
}

const OWN_TORCH = `Name a LibTorch of your own in ISENTROPE_TORCH (docs/install.md).`

export function thisMachine(): Machine {
  return { platform: process.platform, arch: process.arch, release: os.release(), glibc: glibcVersion() }
}

/** The pinned wheels for a machine. Throws UserError where no build runs on it. */
export function pinnedWheels(machine: Machine = thisMachine()): PinnedWheel[] {
  const { platform, arch, release, glibc } = machine
  const name = `${platform}-${arch}`
  if (!Object.hasOwn(TORCH_WHEELS, name)) {
    const known = Object.keys(TORCH_WHEELS).join(', ')
    throw new UserError(`No LibTorch ${TORCH_VERSION} is known for ${name}`, {
      hint: `There are builds for ${known}. ${OWN_TORCH}`,
    })
  }
  if (platform === 'linux' && !atLeast(glibc, [2, 28]))
    throw new UserError(
      `LibTorch ${TORCH_VERSION} needs glibc 2.28; here is ${glibc ? `glibc ${glibc}` : 'another C library (musl?)'}`,
      {
        hint: `Use a distribution with glibc 2.28 or later (Debian 10, Ubuntu 20.04, RHEL 8). ${OWN_TORCH}`,
      },
    )
  // Darwin 23 is macOS 14.
  if (platform === 'darwin' && !atLeast(release, [23, 0]))
    throw new UserError(`LibTorch ${TORCH_VERSION} needs macOS 14; here is Darwin ${release}`, { hint: OWN_TORCH })
  return TORCH_WHEELS[name as TorchPlatform]
}

/** Whether a version string is at least major.minor; what is no version is not. */
export function atLeast(version: string | undefined, [major, minor]: [number, number]): boolean {
  const [, a, b] = /^(\d+)\.(\d+)/.exec(version ?? '') ?? []
  if (a === undefined) return false
  return Number(a) > major || (Number(a) === major && Number(b) >= minor)
}

function glibcVersion(): string | undefined {
  if (process.platform !== 'linux') return undefined
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime
}
