/** What the engine can do on this machine: its devices, its threads, and how fast it multiplies. */
import { UserError } from '../base/errors.js'
import { cpu, type Device, deviceName } from './device.js'
import { native, prepareEnvironment, startEngine } from './engine.js'
import type { TorchInstall } from './install/index.js'
import type { Native } from './native.js'
import { mm, mul } from './ops.js'
import { scope } from './scope.js'
import { fromData, full } from './tensor.js'

export interface EngineProbe {
  version: string
  /** The directory with libc10. */
  path: string
  /** `cpu`, and `cuda:0` or `mps` where an allocation and a product there succeed. */
  devices: string[]
  /** Threads of one operator. */
  threads: number
  /** Speed of a float32 product of two 1024 x 1024 matrices on the CPU, 10^9 operations per second. */
  gflops: number
  /** Devices that the libraries have and that do not work, and why. */
  problems: string[]
}

const SIDE = 1024

/** Loads LibTorch on this thread and tries it. Throws where it does not load or the CPU does not compute. */
export function probeEngine(install: TorchInstall): EngineProbe {
  prepareEnvironment()
  const engine = startEngine(install)
  const devices = [deviceName(cpu)]
  const problems: string[] = []
  const wrong = productProblem(cpu)
  if (wrong) throw new Error(wrong)
  if (engine.cudaProblem) problems.push(`CUDA does not load: ${engine.cudaProblem}`)
  const accelerators: Device[] = []
  if (engine.cuda) accelerators.push({ type: 'cuda', index: 0 })
  if (process.platform === 'darwin') accelerators.push({ type: 'mps', index: 0 })
  for (const device of accelerators) {
    const problem = productProblem(device)
    if (problem) problems.push(`${deviceName(device)} does not work: ${problem}`)
    else devices.push(deviceName(device))
  }
  return {
    version: engine.version,
    path: install.libDir,
    devices,
    threads: native().threads(),
    gflops: multiplySpeed(),
    problems,
  }
}

/** @throws UserError where nothing can be computed on the device. */
export function requireDevice(device: Device): void {
  if (device.type === 'cpu') return
  const problem = cudaAbsence(device, native()) ?? productProblem(device)
  if (problem === undefined) return
  // LibTorch's own words go on for pages.
  throw new UserError(`device ${deviceName(device)} does not work here: ${problem.split('. ')[0]}`, {
    hint: '`isentrope doctor` tells which devices do; for a GPU, a PyTorch with CUDA must be found (docs/install.md)',
  })
}

/** Why this LibTorch cannot try a GPU at all; undefined for what is none. */
function cudaAbsence({ type }: Device, { cuda, cudaProblem, lacksDriver, version }: Native): string | undefined {
  if (type !== 'cuda' || cuda) return undefined
  if (cudaProblem !== undefined) return `its CUDA library does not load: ${cudaProblem}`
  return lacksDriver ? 'no NVIDIA driver was found' : `LibTorch ${version} is a build without CUDA`
}

/** Tries an allocation, a product and a copy back; what went wrong, in one line. */
function productProblem(device: Device): string | undefined {
  try {
    return scope(() => {
      const six = mul(
        fromData(Float32Array.of(2), [1], { device }),
        fromData(Float32Array.of(3), [1], { device }),
      ).item()
      return six === 6 ? undefined : `2 x 3 is ${six} there`
    })
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split('\n')[0]
  }
}

/** The best of a few products, so that what else the machine does counts little. */
function multiplySpeed(): number {
  return scope(() => {
    const matrix = full([SIDE, SIDE], 0.5)
    const seconds = Array.from({ length: 6 }, () => {
      const start = performance.now()
      mm(matrix, matrix).dispose()
      return (performance.now() - start) / 1000
    })
    return (2 * SIDE ** 3) / Math.min(...seconds) / 1e9
  })
}
