/**
 * Data sets of a Hugging Face hub, fetched file by file into the standard cache that other tools share:
 * `datasets--owner--name/{blobs/ETAG, snapshots/COMMIT/PATH -> blob, refs/REVISION}`. A download that broke off goes on
 * where it broke, and is verified before it counts. HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN (or the token file),
 * HF_HUB_OFFLINE and ISENTROPE_OFFLINE are respected.
 */

import { existsSync, readdirSync } from 'node:fs'
import { copyFile, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { getHFHubCachePath, getRepoFolderName, type ListFileEntry } from '@huggingface/hub'
import { MissingData, UserError } from '../../base/errors.js'
import { makeDirectory } from '../../base/make-directory.js'
import { FetchError, isTransient } from '../../fetch/errors.js'
import type { Http } from '../../fetch/http.js'
import { withLock } from '../../fetch/lock.js'
import { networkOff } from '../../fetch/offline.js'
import { withProgress } from '../../fetch/progress.js'
import { serverTrouble } from '../../fetch/server-trouble.js'
import { hubClient } from '../../model/hub/client.js'
import { contentName, downloadVerified } from '../../model/hub/download.js'
import { isCommit } from '../../model/hub/id.js'

export interface HubRequest {
  /** `owner/name` of a data set. */
  repository: string
  /** Branch, tag or commit. */
  revision: string
  /** Stands in for the network. */
  fetch?: typeof fetch
}

/** Bytes of a download from which on progress is shown. */
const quietSize = 2_000_000

/** A data set's files at one commit. */
export interface HubDataset {
  commit: string
  /** Every file that can be had; offline, those in the cache. */
  paths: string[]
  /** Where only the cache was asked, what lets the hub be asked for the rest: half a sentence. */
  toFetchMore?: string
  /** The local path of a file, downloaded where the cache lacks it. */
  get(path: string): Promise<string>
}

/**
 * The data set as it stands at the revision. What the cache has serves where the network is switched off, or the hub
 * cannot be reached or is in trouble.
 * @throws UserError where the data set does not exist, needs a login, or cannot be had; Failure where the hub is out of reach or in trouble
 */
export async function openHubDataset(request: HubRequest): Promise<HubDataset> {
  const { repository, revision } = request
  const folder = join(getHFHubCachePath(), getRepoFolderName({ type: 'dataset', name: repository }))
  const cached = await cachedDataset(folder, revision)
  const off = networkOff('hub')
  if (off !== undefined) {
    if (cached !== undefined) return { ...cached, toFetchMore: off.undo }
    throw new MissingData(`data set ${repository}: not in the cache (${folder}), and ${off.by} forbids the network`, {
      hint: `${off.undo} to fetch it, or give local files: docs/data.md`,
    })
  }
  try {
    return await openRemote(request, folder)
  } catch (error) {
    if (!(error instanceof FetchError)) throw error
    if (isTransient(error) && cached !== undefined) return { ...cached, toFetchMore: 'check the connection' }
    throw explained(request, error)
  }
}

async function cachedDataset(folder: string, revision: string): Promise<HubDataset | undefined> {
  const named = isCommit(revision) ? revision : await readFile(join(folder, 'refs', revision), 'utf8').catch(() => '')
  const commit = named.trim()
  const snapshot = join(folder, 'snapshots', commit)
  if (commit === '' || !existsSync(snapshot)) return undefined
  const paths = readdirSync(snapshot, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(snapshot, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .filter((path) => existsSync(join(snapshot, path)))
  return paths.length === 0 ? undefined : { commit, paths, get: async (path) => join(snapshot, path) }
}

async function openRemote(request: HubRequest, folder: string): Promise<HubDataset> {
  const { repository, revision } = request
  const hub = hubClient({ fetch: request.fetch })
  const asked = { type: 'dataset', name: repository } as const
  const sha = await hub.commitOf(asked, revision)
  const files = await hub.list(asked, sha)
  if (revision !== sha) {
    const ref = join(folder, 'refs', ...revision.split('/'))
    makeDirectory(dirname(ref))
    await writeFile(ref, sha)
  }
  return {
    commit: sha,
    paths: [...files.keys()],
    async get(path) {
      const file = files.get(path)
      if (file === undefined) throw new UserError(`data set ${repository}: has no file ${path} at revision ${revision}`)
      const url = `${hub.url}/datasets/${repository}/resolve/${sha}/${path.split('/').map(encodeURIComponent).join('/')}`
      try {
        return await fetchFile(file, url, join(folder, 'snapshots', sha), hub.http)
      } catch (error) {
        throw error instanceof FetchError ? explained(request, error) : error
      }
    },
  }
}

/** Fetches into `blobs` what is not there, verifies it, and links it into the snapshot. */
async function fetchFile(file: ListFileEntry, url: string, snapshot: string, http: Http): Promise<string> {
  const { path, size } = file
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..') || /[\\:]/.test(path)) {
    throw new UserError(`the hub names the file ${path}, which lies outside its data set`)
  }
  const link = join(snapshot, path)
  if (existsSync(link)) return link
  const blobs = join(snapshot, '..', '..', 'blobs')
  const blob = join(blobs, contentName(file, 'the data set'))
  makeDirectory(blobs)
  makeDirectory(dirname(link))
  await withLock(`${blob}.lock`, async () => {
    if (!existsSync(blob)) {
      const to = `${blob}.incomplete`
      const download = (onBytes?: (received: number) => void) =>
        downloadVerified(file, { url, to, shown: path, http }, onBytes)
      if (size < quietSize) await download()
      else {
        await withProgress(path, (onProgress) =>
          download((receivedBytes) =>
            onProgress({ stage: 'downloading', file: path, receivedBytes, totalBytes: size }),
          ),
        )
      }
      await rename(to, blob)
    }
    await rm(link, { force: true })
    // Where links are not allowed (Windows without developer mode) the cache holds a copy, as other tools do.
    await symlink(relative(dirname(link), blob), link).catch(() => copyFile(blob, link))
  })
  return link
}

function explained({ repository, revision }: HubRequest, error: FetchError): Error {
  const { status, message } = error
  const what = `data set ${repository}`
  const trouble = serverTrouble(what, error, {
    endpoint: 'HF_ENDPOINT',
    instead: 'local files in its place (docs/data.md)',
  })
  if (trouble !== undefined) return trouble
  const login = 'accept its terms on its page, and set HF_TOKEN to a token of that account'
  if (status === 401) {
    return new UserError(`${what}: access denied (status 401): it is gated or private, or there is no such set`, {
      hint: `Check the name; where it is gated, ${login}.`,
      cause: error,
    })
  }
  if (status === 403) {
    return new UserError(`${what}: access denied (status 403): it is gated`, {
      hint: `${login[0]!.toUpperCase()}${login.slice(1)}.`,
      cause: error,
    })
  }
  if (status === 404) {
    return new UserError(`${what}: not found at revision ${revision} (status 404)`, {
      hint: 'Check owner, name and revision; a local file is named by its path.',
      cause: error,
    })
  }
  return new MissingData(`${what}: could not be fetched: ${message}`, {
    hint: 'Name a mirror in HF_ENDPOINT, a proxy in HTTPS_PROXY, or local files in its place: docs/data.md.',
    cause: error,
  })
}
