/**
 * Data sets of a Hugging Face hub, fetched file by file into the standard cache that other tools share:
 * `datasets--owner--name/{blobs/ETAG, snapshots/COMMIT/PATH -> blob, refs/REVISION}`. A download that broke off goes on
 * where it broke, and is verified before it counts. HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN (or the token file),
 * HF_HUB_OFFLINE and ISENTROPE_OFFLINE are respected.
 */

import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { datasetInfo, getHFHubCachePath, getRepoFolderName, type ListFileEntry, listFiles } from '@huggingface/hub'
import { MissingData, UserError } from '../../base/errors.js'
import { shown } from '../../base/shown.js'
import { FetchError, isTransient } from '../../fetch/errors.js'
import { bodyOf, createHttp, fetchWhole, type Http } from '../../fetch/http.js'
import { withLock } from '../../fetch/lock.js'
import { networkOff } from '../../fetch/offline.js'
import { withProgress } from '../../fetch/progress.js'
import { downloadSpan } from '../../fetch/ranges.js'
import { serverTrouble } from '../../fetch/server-trouble.js'
import { hubToken, isCommit } from '../../model/hub/cache.js'

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
  const hubUrl = (process.env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '')
  const http = withToken(createHttp({ fetch: request.fetch, attempts: 4 }))
  // The library's requests go through the same client as the downloads: proxies, retries, one kind of error.
  const api = { hubUrl, fetch: fetchWhole(http) }
  const { sha } = await datasetInfo({ ...api, name: repository, revision, additionalFields: ['sha'] })
  if (typeof sha !== 'string' || !isCommit(sha)) {
    throw new UserError(`data set ${repository}: the hub answered ${shown(sha)} where its commit stands`)
  }
  const files = new Map<string, ListFileEntry>()
  for await (const file of listFiles({
    ...api,
    repo: { type: 'dataset', name: repository },
    revision: sha,
    recursive: true,
  })) {
    if (file.type === 'file') files.set(file.path, file)
  }
  if (revision !== sha) {
    const ref = join(folder, 'refs', ...revision.split('/'))
    await mkdir(dirname(ref), { recursive: true })
    await writeFile(ref, sha)
  }
  return {
    commit: sha,
    paths: [...files.keys()],
    async get(path) {
      const file = files.get(path)
      if (file === undefined) throw new UserError(`data set ${repository}: has no file ${path} at revision ${revision}`)
      const url = `${hubUrl}/datasets/${repository}/resolve/${sha}/${path.split('/').map(encodeURIComponent).join('/')}`
      try {
        return await fetchFile(file, url, join(folder, 'snapshots', sha), http)
      } catch (error) {
        throw error instanceof FetchError ? explained(request, error) : error
      }
    },
  }
}

function withToken(http: Http): Http {
  const token = hubToken()
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return { ...http, get: (url, headers) => http.get(url, { ...headers, ...authorization }) }
}

/** Fetches into `blobs` what is not there, verifies it, and links it into the snapshot. */
async function fetchFile(file: ListFileEntry, url: string, snapshot: string, http: Http): Promise<string> {
  const { path, size, oid, lfs } = file
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..') || /[\\:]/.test(path)) {
    throw new UserError(`the hub names the file ${path}, which lies outside its data set`)
  }
  const link = join(snapshot, path)
  if (existsSync(link)) return link
  const etag = lfs?.oid ?? oid
  if (etag === undefined || !/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(etag)) {
    throw new UserError(`the hub names no hash for ${path}`)
  }
  const blobs = join(snapshot, '..', '..', 'blobs')
  const blob = join(blobs, etag)
  await mkdir(blobs, { recursive: true })
  await mkdir(dirname(link), { recursive: true })
  await withLock(`${blob}.lock`, async () => {
    if (!existsSync(blob)) {
      const partial = `${blob}.incomplete`
      if (size < quietSize) await download({ url, size }, partial, http)
      else {
        await withProgress(path, (onProgress) =>
          download({ url, size }, partial, http, (receivedBytes) =>
            onProgress({ stage: 'downloading', file: path, receivedBytes, totalBytes: size }),
          ),
        )
      }
      await verify(partial, etag, lfs === undefined ? size : undefined, path)
      await rename(partial, blob)
    }
    await rm(link, { force: true })
    // Where links are not allowed (Windows without developer mode) the cache holds a copy, as other tools do.
    await symlink(relative(dirname(link), blob), link).catch(() => copyFile(blob, link))
  })
  return link
}

async function download(
  file: { url: string; size: number },
  to: string,
  http: Http,
  onBytes: (received: number) => void = () => {},
): Promise<void> {
  try {
    await downloadSpan(file, { start: 0, end: file.size }, to, http, onBytes)
  } catch (error) {
    // Small files that a mirror makes as it sends them come whole.
    if (!(error instanceof FetchError && error.problem === 'no-ranges')) throw error
    await writeFile(to, await bodyOf(await http.get(file.url), file.url))
    onBytes(file.size)
  }
}

/** SHA-256 of the content; of a plain Git file of `gitSize` bytes, Git's own id. */
async function verify(file: string, etag: string, gitSize: number | undefined, path: string): Promise<void> {
  const hash = createHash(gitSize === undefined ? 'sha256' : 'sha1')
  if (gitSize !== undefined) hash.update(`blob ${gitSize}\0`)
  await pipeline(createReadStream(file), hash)
  if (hash.digest('hex') === etag) return
  await rm(file, { force: true })
  throw new UserError(`${path} arrived damaged: its hash is not ${etag}`, {
    hint: 'Try again; if it happens again, a proxy or mirror changes what it delivers.',
  })
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
