/**
 * Where LibTorch's shared libraries lie under a Python site-packages directory (the cache copies that layout):
 *
 *   torch/lib/       c10, torch_cpu, torch_cuda and what they bundle (OpenMP, libuv)
 *   nvidia/          CUDA's runtime libraries, of which libtorch_cpu of a CUDA build needs two even on a CPU machine
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface TorchLibrary {
  /** Absolute path. */
  path: string
  role: 'support' | 'c10' | 'torch_cpu' | 'torch_cuda'
}

export interface TorchInstall {
  /** As `torch.__version__` says it: `2.15.0`, `2.11.0+cu130`. */
  version: string
  /** The directory with libc10. */
  libDir: string
  /** In load order, each for `koffi.load(path, { global: true, lazy: true })`. */
  libraries: TorchLibrary[]
  /** Whether torch_cuda is among the libraries: a CUDA build on a machine with an NVIDIA driver. */
  cuda: boolean
  /** A CUDA build on a machine without an NVIDIA driver: it computes on the CPU. */
  lacksDriver: boolean
  source: 'setting' | 'virtualenv' | 'conda' | 'python' | 'cache' | 'downloaded'
}

/** Library names per platform, in load order; paths are relative to torch/lib. A build has those of `support` that it needs. */
const NAMES: Partial<Record<NodeJS.Platform, { support: string[]; c10: string; cpu: string; cuda: string }>> = {
  linux: {
    support: [
      '../../nvidia/cu13/lib/libcudart.so.13',
      '../../nvidia/cu13/lib/libcupti.so.13',
      '../../nvidia/cuda_runtime/lib/libcudart.so.12',
      '../../nvidia/cuda_cupti/lib/libcupti.so.12',
    ],
    c10: 'libc10.so',
    cpu: 'libtorch_cpu.so',
    cuda: 'libtorch_cuda.so',
  },
  darwin: { support: ['libomp.dylib'], c10: 'libc10.dylib', cpu: 'libtorch_cpu.dylib', cuda: 'libtorch_cuda.dylib' },
  win32: { support: ['libiomp5md.dll', 'uv.dll'], c10: 'c10.dll', cpu: 'torch_cpu.dll', cuda: 'torch_cuda.dll' },
}

/** What lies in a torch/lib directory; undefined where c10 or torch_cpu is missing. */
export function librariesIn(
  libDir: string,
  {
    platform = process.platform,
    driver = hasNvidiaDriver(platform),
  }: { platform?: NodeJS.Platform; driver?: boolean } = {},
): Omit<TorchInstall, 'source'> | undefined {
  const names = NAMES[platform]
  const version = versionOf(libDir)
  if (!names || version === undefined) return undefined
  const at = (name: string) => path.join(libDir, name)
  if (!existsSync(at(names.c10)) || !existsSync(at(names.cpu))) return undefined
  const cudaBuild = existsSync(at(names.cuda))
  const cuda = driver && cudaBuild
  const libraries: TorchLibrary[] = [
    ...names.support
      .map(at)
      .filter((file) => existsSync(file))
      .map((file) => ({ path: file, role: 'support' as const })),
    { path: at(names.c10), role: 'c10' },
    { path: at(names.cpu), role: 'torch_cpu' },
  ]
  if (cuda) libraries.push({ path: at(names.cuda), role: 'torch_cuda' })
  return { version, libDir, libraries, cuda, lacksDriver: cudaBuild && !driver }
}

/** The version of the package around a torch/lib directory: torch/version.py, or build-version of a plain LibTorch. */
function versionOf(libDir: string): string | undefined {
  const read = (name: string) => {
    try {
      return readFileSync(path.join(libDir, '..', name), 'utf8')
    } catch {
      return ''
    }
  }
  const declared = /^__version__\s*=\s*['"]([^'"]+)['"]/m.exec(read('version.py'))?.[1]
  return declared ?? /^\s*(\d+\.\d+\S*)/.exec(read('build-version'))?.[1]
}

/** Loading the CUDA libraries takes a second and gigabytes of address space; without a driver they are of no use. */
function hasNvidiaDriver(platform: NodeJS.Platform): boolean {
  if (platform === 'linux')
    return existsSync('/proc/driver/nvidia/version') || existsSync('/dev/nvidiactl') || existsSync('/dev/dxg')
  if (platform === 'win32')
    return existsSync(path.join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'nvcuda.dll'))
  return false
}
