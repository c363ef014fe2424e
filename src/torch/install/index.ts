/**
 * Getting LibTorch: the user's own where there is one, else the pinned version's few libraries in the cache, fetched
 * from the package index on first use.
 */
import path from 'node:path'
import { UserError } from '../../base/errors.js'
import { cacheDirectory } from '../../fetch/cache.js'
import { FetchError } from '../../fetch/errors.js'
import { createHttp, type Fetch } from '../../fetch/http.js'
import { damagedFiles, type InstallProgress, installFromWheels } from '../../fetch/install.js'
import { networkOff } from '../../fetch/offline.js'
import { type ProgressStream, withProgress } from '../../fetch/progress.js'
import { serverTrouble } from '../../fetch/server-trouble.js'
import { librariesIn, type TorchInstall } from './libraries.js'
import { locateTorch, type PassedOver } from './locate.js'
import { pinnedWheels } from './platform.js'
import { TORCH_VERSION } from './table.js'

export type { TorchInstall } from './libraries.js'
export { locateTorch, type PassedOver } from './locate.js'
export { loadProblem } from './trial.js'

export interface EnsureTorchOptions {
  /** A directory with the user's own LibTorch: a site-packages, a torch package or its lib. Default: ISENTROPE_TORCH. */
  path?: string
  /** Stands in for the network. */
  fetch?: Fetch
  onProgress?: (progress: InstallProgress) => void
  /** Hears of each torch that was found and cannot be used. */
  onPassedOver?: (torch: PassedOver) => void
  /** Never touch the network. Default: ISENTROPE_OFFLINE. */
  offline?: boolean
}

/** Finds or fetches LibTorch. Throws UserError, or Failure where the index is out of reach or in trouble, with the way out. */
export async function ensureTorch(options: EnsureTorchOptions = {}): Promise<TorchInstall> {
  const { install, passedOver } = await locateTorch({ path: options.path })
  for (const torch of passedOver) options.onPassedOver?.(torch)
  return install ?? provisionTorch(options)
}

/** {@link ensureTorch} for the command line: a download shows its bytes and time left on standard error. */
export function ensureTorchWithProgress(
  options: Omit<EnsureTorchOptions, 'onProgress'> = {},
  stream: ProgressStream = process.stderr,
): Promise<TorchInstall> {
  const passedOver: PassedOver[] = []
  return withProgress(
    `LibTorch ${TORCH_VERSION}`,
    (onProgress) =>
      ensureTorch({
        ...options,
        onPassedOver(torch) {
          passedOver.push(torch)
          options.onPassedOver?.(torch)
        },
        onProgress(progress) {
          for (const torch of passedOver.splice(0)) stream.write(`${describePassedOver(torch)}\n`)
          onProgress(progress)
        },
      }),
    stream,
  )
}

/** One sentence about a torch that is not used. */
export const describePassedOver = ({ version, path: where, reason }: PassedOver): string =>
  `LibTorch ${version} in ${where} ${reason}; it is passed over`

/** The pinned LibTorch in the cache, fetched if it is not there. Throws as {@link ensureTorch} does. */
export async function provisionTorch(options: Omit<EnsureTorchOptions, 'path'> = {}): Promise<TorchInstall> {
  const directory = torchCache()
  try {
    const downloaded = await installFromWheels({
      directory,
      wheels: pinnedWheels(),
      http: () => createHttp({ fetch: options.fetch }),
      networkOff: networkOff('index', options.offline),
      onProgress: options.onProgress,
    })
    const found = librariesIn(path.join(directory, 'torch', 'lib'))
    if (!found) throw new Error(`No LibTorch in ${directory}`)
    return { ...found, source: downloaded ? 'downloaded' : 'cache' }
  } catch (error) {
    if (!(error instanceof FetchError)) throw error
    throw (
      serverTrouble(`LibTorch ${TORCH_VERSION}`, error, {
        endpoint: 'PIP_INDEX_URL',
        instead: 'a LibTorch of your own in ISENTROPE_TORCH (docs/install.md)',
      }) ?? new UserError(error.message, { hint: error.hint, cause: error })
    )
  }
}

/** Where the pinned LibTorch lies in the cache. */
export function torchCache(): string {
  return path.join(cacheDirectory(), 'torch', `${TORCH_VERSION}-${process.platform}-${process.arch}`)
}

/** Files of the cached LibTorch whose bytes are not the pinned ones; reads all of it, about a second. */
export async function damagedTorchFiles(): Promise<string[]> {
  return damagedFiles(torchCache(), pinnedWheels())
}
