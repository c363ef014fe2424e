/**
 * A data set's file from the Hugging Face hub, kept in the standard cache that other tools share:
 * `datasets--owner--name/{blobs/ETAG, snapshots/COMMIT/PATH -> blob, refs/REVISION}`.
 * HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN (or the token file) and HF_HUB_OFFLINE are respected.
 */
import { createWriteStream } from 'node:fs'
import { access, copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { downloadFile, getHFHubCachePath, getRepoFolderName, HubApiError, pathsInfo } from '@huggingface/hub'
import { UserError } from '../../config/errors.js'

export interface HubFile {
  /** `owner/name` of a data set. */
  repository: string
  /** Inside the repository. */
  path: string
  /** Branch, tag or commit. */
  revision: string
  fetch: typeof fetch
}

/**
 * The local path of a data set's file, downloaded where the cache lacks it. A cached file of the same revision is used
 * where the hub cannot be reached.
 */
export async function hubFile(file: HubFile): Promise<string> {
  const folder = join(getHFHubCachePath(), getRepoFolderName({ type: 'dataset', name: file.repository }))
  const isCommit = /^[0-9a-f]{40}$/.test(file.revision)
  if (isCommit || isOffline()) {
    const cached = await cachedFile(folder, file)
    if (cached !== undefined) return cached
    if (isOffline()) {
      throw new UserError(`data set ${file.repository}: ${file.path} is not in the cache ${folder}`, {
        hint: 'HF_HUB_OFFLINE is set: unset it, or put the file where it is looked for.',
      })
    }
  }
  try {
    return await download(folder, file)
  } catch (cause) {
    const cached = cause instanceof HubApiError ? undefined : await cachedFile(folder, file)
    if (cached !== undefined) return cached
    throw explain(file, cause)
  }
}

function isOffline(): boolean {
  return /^(?:1|on|yes|true)$/i.test(process.env.HF_HUB_OFFLINE ?? '')
}

async function cachedFile(folder: string, { path, revision }: HubFile): Promise<string | undefined> {
  const commit = await readFile(join(folder, 'refs', revision), 'utf8').catch(() => revision)
  const pointer = join(folder, 'snapshots', commit.trim(), path)
  return (await exists(pointer)) ? pointer : undefined
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

async function download(folder: string, file: HubFile): Promise<string> {
  const accessToken = await token()
  const request = {
    repo: { type: 'dataset', name: file.repository } as const,
    revision: file.revision,
    hubUrl: process.env.HF_ENDPOINT?.replace(/\/+$/, '') || undefined,
    fetch: file.fetch,
    ...(accessToken === undefined ? {} : { accessToken }),
  }
  const [info] = await pathsInfo({ ...request, paths: [file.path], expand: true })
  if (info === undefined) {
    throw new UserError(`data set ${file.repository}: has no file ${file.path} at revision ${file.revision}`)
  }
  const etag = info.lfs?.oid ?? info.oid ?? info.xetHash
  const commit = info.lastCommit?.id
  if (etag === undefined || commit === undefined) throw new Error('the answer names neither content nor commit')
  const pointer = join(folder, 'snapshots', commit, file.path)
  const blob = join(folder, 'blobs', etag)
  if (!(await exists(blob))) {
    // Plain HTTP: the file then is one stream, whatever storage the hub keeps it in.
    const content = await downloadFile({ ...request, path: file.path, xet: false })
    if (content === null) throw new Error(`${file.path} cannot be downloaded`)
    await write(content, blob, info.size)
  }
  await point(pointer, blob)
  await mkdir(dirname(join(folder, 'refs', file.revision)), { recursive: true })
  await writeFile(join(folder, 'refs', file.revision), commit)
  return pointer
}

/** Written aside and renamed, so that a broken download is never taken for the file. */
async function write(content: Blob, path: string, size: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const aside = `${path}.${process.pid}.incomplete`
  try {
    const target = createWriteStream(aside)
    await pipeline(Readable.fromWeb(content.stream() as unknown as ReadableStream), target)
    if (target.bytesWritten !== size) throw new Error(`got ${target.bytesWritten} of ${size} bytes`)
    await rename(aside, path)
  } finally {
    await rm(aside, { force: true })
  }
}

async function point(pointer: string, blob: string): Promise<void> {
  if (await exists(pointer)) return
  await mkdir(dirname(pointer), { recursive: true })
  await rm(pointer, { force: true })
  // Where links are not allowed (Windows without developer mode) the cache holds a copy, as other tools do.
  await symlink(relative(dirname(pointer), blob), pointer).catch(() => copyFile(blob, pointer))
}

async function token(): Promise<string | undefined> {
  const fromEnvironment = process.env.HF_TOKEN?.trim()
  if (fromEnvironment) return fromEnvironment
  const home = process.env.HF_HOME ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface')
  const text = await readFile(process.env.HF_TOKEN_PATH ?? join(home, 'token'), 'utf8').catch(() => '')
  return text.trim() === '' ? undefined : text.trim()
}

function explain(file: HubFile, cause: unknown): Error {
  if (cause instanceof UserError) return cause
  const what = `data set ${file.repository}`
  if (cause instanceof HubApiError && (cause.statusCode === 401 || cause.statusCode === 403)) {
    return new UserError(`${what}: access denied (status ${cause.statusCode}, ${cause.url})`, {
      hint: 'It may be gated, private or misspelt: accept its terms on the hub and set HF_TOKEN.',
      cause,
    })
  }
  if (cause instanceof HubApiError && cause.statusCode === 404) {
    return new UserError(`${what}: not found at revision ${file.revision} (${cause.url})`, { cause })
  }
  const reason = cause instanceof Error ? `${cause.message}${cause.cause ? ` (${cause.cause})` : ''}` : String(cause)
  return new UserError(`${what}: ${file.path} could not be fetched: ${reason}`, {
    hint: 'Give local files instead (path, evalPath), set HF_ENDPOINT to a mirror, or try again.',
    cause,
  })
}
