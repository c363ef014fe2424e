/** One file of a hub, as its listing describes it: received, held against its hash, and not longer than announced. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { ListFileEntry } from '@huggingface/hub'
import { UserError } from '../../base/errors.js'
import { FetchError } from '../../fetch/errors.js'
import type { Http } from '../../fetch/http.js'
import { downloadSpan, downloadWhole } from '../../fetch/ranges.js'

/** The name of a file's content in the cache: SHA-256 of a large file, Git's own id of the others. */
export function contentName({ path, oid, lfs }: ListFileEntry, repository: string): string {
  const name = lfs?.oid ?? oid
  if (name === undefined || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(name)) {
    throw new UserError(`the hub names no hash for ${path} of ${repository}`)
  }
  return name
}

/**
 * Fetches the file into `to`, which a later call continues. `shown`: what errors call it.
 * @throws FetchError, and UserError for content that is not the listed one
 */
export async function downloadVerified(
  file: ListFileEntry,
  { url, to, shown, http }: { url: string; to: string; shown: string; http: Http },
  onBytes: (received: number) => void = () => {},
): Promise<void> {
  const { size, lfs } = file
  const remote = { url, size }
  try {
    if (lfs) await downloadSpan(remote, { start: 0, end: size }, to, http, onBytes)
    else await downloadWhole(remote, to, http, onBytes)
  } catch (error) {
    // A mirror may make files as it sends them.
    if (!(error instanceof FetchError && error.problem === 'no-ranges')) throw error
    await downloadWhole(remote, to, http, onBytes)
  }
  const expected = contentName(file, shown)
  if ((await contentHash(to, lfs ? undefined : size)) === expected) return
  await rm(to, { force: true })
  throw new UserError(`${shown} arrived damaged: its hash is not ${expected}`, {
    hint: 'try again; if it happens again, a proxy or mirror changes what it delivers',
  })
}

/** SHA-256 of the content; of a plain Git file of `gitSize` bytes, Git's own id. */
async function contentHash(path: string, gitSize: number | undefined): Promise<string> {
  const hash = createHash(gitSize === undefined ? 'sha256' : 'sha1')
  if (gitSize !== undefined) hash.update(`blob ${gitSize}\0`)
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
