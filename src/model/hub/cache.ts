/**
 * The Hugging Face cache on this machine, shared with Python's tools:
 *
 *     <cache>/models--OWNER--NAME/refs/REVISION            the commit that a branch or tag stood at when last asked
 *                                 blobs/ETAG               contents, by Git id or SHA-256
 *                                 snapshots/COMMIT/FILE    symbolic links into blobs
 */

import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { getHFHubCachePath, getRepoFolderName } from '@huggingface/hub'
import { adapterConfigFile, adapterWeightsFile } from '../lora/adapter-config.js'
import { shardsOf } from '../weight-index.js'
import { type HubId, type HubKind, isCommit } from './id.js'

export const repositoryFolder = ({ name }: HubId): string =>
  join(getHFHubCachePath(), getRepoFolderName({ type: 'model', name }))

/** The commit that the cache has for a revision. */
export function cachedCommit(id: HubId): string | undefined {
  if (isCommit(id.revision)) return id.revision
  const ref = join(repositoryFolder(id), 'refs', ...id.revision.split('/'))
  const commit = existsSync(ref) ? readFileSync(ref, 'utf8').trim() : ''
  return isCommit(commit) ? commit : undefined
}

/**
 * The snapshot's directory if it is in the cache and holds a configuration, and with `weights` every weight file too; an
 * adapter's are always asked for.
 */
export function cachedSnapshot(
  id: HubId,
  commit: string | undefined,
  { kind, weights }: { kind: HubKind; weights: boolean },
): string | undefined {
  if (commit === undefined) return undefined
  const directory = join(repositoryFolder(id), 'snapshots', commit)
  const has = (name: string): boolean => existsSync(join(directory, name))
  if (kind === 'adapter' || !has('config.json')) {
    return has(adapterConfigFile) && has(adapterWeightsFile) ? directory : undefined
  }
  if (!weights || has('model.safetensors')) return directory
  if (!has('model.safetensors.index.json')) return undefined
  return shardsOf(readFileSync(join(directory, 'model.safetensors.index.json'), 'utf8')).every(has)
    ? directory
    : undefined
}

/** HF_TOKEN, or the file that a login wrote (HF_TOKEN_PATH, else `token` under HF_HOME). */
export function hubToken(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.HF_TOKEN?.trim()) return env.HF_TOKEN.trim()
  const home = env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface')
  const path = env.HF_TOKEN_PATH ?? join(home, 'token')
  return existsSync(path) ? readFileSync(path, 'utf8').trim() || undefined : undefined
}
