import { parseDevice } from '../../torch/device.js'
import { locateTorch } from '../../torch/install/index.js'

/**
 * Why nothing can be computed on a device here, as far as that shows without loading the engine; a plan for it is one for
 * another machine. Undefined where it may work.
 */
export async function absentDevice(device: string): Promise<string | undefined> {
  const { type } = parseDevice(device)
  if (type === 'cpu') return undefined
  if (type === 'mps') return process.platform === 'darwin' ? undefined : 'there is no MPS here: only macOS has it'
  const { install } = await locateTorch()
  if (install?.cuda && !install.lacksDriver) return undefined
  const reason = install?.lacksDriver
    ? 'no NVIDIA driver was found'
    : install
      ? `LibTorch ${install.version} is a build without CUDA`
      : 'no PyTorch with CUDA was found'
  return `there is no CUDA here: ${reason}`
}
