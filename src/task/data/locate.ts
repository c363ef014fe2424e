/**
 * Where a source's files lie on this machine: a local file in its place where there is one, else the hub's, fetched
 * into the cache.
 *
 * ISENTROPE_DATA (or `dataDirectory`) names a directory of such files: NAME-SPLIT.EXT, NAME/SPLIT.EXT or NAME.EXT.
 */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Source } from './catalogue.js'
import { hubSplit } from './hub-files.js'
import { dataExtensions } from './rows.js'

export type Part = 'train' | 'eval'

export interface LocateOptions {
  revision: string
  fetch?: typeof fetch
  dataDirectory?: string
}

/** Files, and where they come from. */
export interface Located {
  /** A hub data set, or `local`. */
  origin: string
  /** On the hub: the commit. */
  commit?: string
  files: { path: string; local: string }[]
}

const partNames: Record<Part, readonly string[]> = { train: ['train'], eval: ['test', 'eval'] }

/** The files of one part of a source. `whole`: the source has this part alone. */
export async function locateSource(
  name: string,
  source: Source,
  part: Part,
  { revision, fetch, dataDirectory = process.env.ISENTROPE_DATA }: LocateOptions,
): Promise<Located> {
  if (dataDirectory !== undefined && dataDirectory !== '') {
    const only = part === 'train' ? source.eval === undefined : source.train === undefined
    const local = localFile(dataDirectory, name, part, only || part === 'train')
    if (local !== undefined) return { origin: 'local', files: [{ path: local, local }] }
  }
  const split = (part === 'train' ? source.train : source.eval)!
  const { repository, config } = source
  const { commit, files } = await hubSplit({ repository, config, split, revision, fetch })
  return { origin: repository, commit, files }
}

function localFile(directory: string, name: string, part: Part, plainName: boolean): string | undefined {
  const stems = partNames[part].flatMap((word) => [`${name}-${word}`, join(name, word)])
  for (const stem of plainName ? [...stems, name] : stems) {
    for (const extension of dataExtensions.toReversed()) {
      const path = join(directory, `${stem}${extension}`)
      if (existsSync(path)) return path
    }
  }
  return undefined
}

/** Size and SHA-256 of a file, as manifests name them. */
export async function fingerprint(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return { bytes: (await stat(path)).size, sha256: hash.digest('hex') }
}
