/**
 * Getting LibTorch: the user's own where there is one, else the pinned version's few libraries in the cache, fetched
 * from the package index on first use.
 */
import path from 'node:path'
import { UserError } from '../../config/errors.js'
import { cacheDirectory } from '../../fetch/cache.js'
import { FetchError } from '../../fetch/errors.js'
import { createHttp, type Fetch } from '../../fetch/http.js'
import { type InstallProgress, installFromWheels, type PinnedWheel } from '../../fetch/install.js'
import { librariesIn, type TorchInstall } from './libraries.js'
import { TORCH_VERSION, TORCH_WHEELS, type TorchPlatform } from './table.js'

export type { TorchInstall, TorchLibrary } from './libraries.js'
export { TORCH_VERSION } from './table.js'

export interface EnsureTorchOptions {
  /** A directory with the user's own LibTorch: a site-packages, a torch package or its lib. Default: ISENTROPE_TORCH. */
  path?: string
  /** Stands in for the network. */
  fetch?: Fetch
  onProgress?: (progress: InstallProgress) => void
  /** Never touch the network. */
  offline?: boolean
}

/** Finds or fetches LibTorch. Throws UserError with the way out. */
export async function ensureTorch(options: EnsureTorchOptions = {}): Promise<TorchInstall> {
  const directory = path.join(cacheDirectory(), 'torch', `${TORCH_VERSION}-${process.platform}-${process.arch}`)
  try {
    const downloaded = await installFromWheels({
      directory,
      wheels: pinnedWheels(),
      http: () => createHttp({ fetch: options.fetch }),
      offline: options.offline,
      onProgress: options.onProgress,
    })
    const found = librariesIn(path.join(directory, 'torch', 'lib'))
    if (!found) throw new Error(`No LibTorch in ${directory}`)
    return { ...found, source: downloaded ? 'downloaded' : 'cache' }
  } catch (error) {
    throw error instanceof FetchError ? new UserError(error.message, { hint: error.hint, cause: error }) : error
  }
}

function pinnedWheels(): PinnedWheel[] {
  return TORCH_WHEELS[`${process.platform}-${process.arch}` as TorchPlatform]
}
